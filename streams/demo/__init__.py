"""The demo: real servers on loopback, a made-up company, and what a rep and a manager would see of it."""
