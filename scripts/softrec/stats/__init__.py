"""Intervals and tests: users and training runs as sources of variance."""
