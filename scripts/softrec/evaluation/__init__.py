"""Ranking, metrics, and hyperparameter selection on validation (paper, section 4.1)."""
