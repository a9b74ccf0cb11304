"""What alerts are worth on real loans, beside naive rules: `python -m bench.loans`; docs/results.md quotes it."""
