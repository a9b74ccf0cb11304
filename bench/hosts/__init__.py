"""The same batch functions, hosted by four: our Faust worker, Quix Streams, bytewax, and a loop written by hand.

Each host is a file, and runs as a process of its own: `python -m bench.hosts HOST WORKLOAD FOLDER`.
"""
