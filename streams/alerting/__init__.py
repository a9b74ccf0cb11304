"""Who is told of what, and when: from books to Alertmanager."""
