"""Views: local tables folded from the logs, and the one way to read them."""
