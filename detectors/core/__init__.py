"""What every detector stands on: events, the deal, breaches and findings, rules, the business calendar."""
