"""Series that Prometheus records by `dashboards/rules/recorded.rules.yaml`: what is too heavy to sum over a month."""

OPEN_VALUE = "team_currency:stallwatch_deals_amount:sum"
STALLED_VALUE = "team_currency:stallwatch_stalled_amount:sum"
FINDING_VALUE = "detector_team_currency:stallwatch_finding_amount:sum"
FINDINGS = "detector_severity_team:stallwatch_findings:sum"
SILENCE = "le_team:stallwatch_silence_business_days_bucket:sum"
VERDICTS = "detector_verdict:stallwatch_feedback_total:increase5m"
