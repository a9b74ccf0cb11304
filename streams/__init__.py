"""How facts move: the only place that knows Kafka, Faust, HTTP, Prometheus and Alertmanager."""
