"""The worker's own server: pages for people, JSON and metrics for machines, and what is pushed."""
