"""What people look at: pure functions from answers to HTML. Nothing here knows of HTTP or Kafka."""
