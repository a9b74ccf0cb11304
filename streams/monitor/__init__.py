"""The heart: deals, their deadlines, and up to when each source has reported."""
