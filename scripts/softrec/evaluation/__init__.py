"""Ranks, metrics, and choices on validation (paper, section 4.1)."""
