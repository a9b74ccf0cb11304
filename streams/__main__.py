"""`python -m streams` is the command line."""

from .cli import main

main()
