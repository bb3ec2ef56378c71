"""Confidence intervals and significance tests, with users and training runs as sources of variance."""
