"""Command-line tools for users and maintainers."""
