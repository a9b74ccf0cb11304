"""What Prometheus gets."""
