"""What people look at: Grafana dashboards as code, Prometheus rules, and the way of both to where they are shown."""
