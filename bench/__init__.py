"""What stallwatch costs, measured: `python -m bench`. Ratios to something in the same run, since machines differ."""
