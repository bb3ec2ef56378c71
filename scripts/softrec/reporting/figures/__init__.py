"""Figures 2, 5 and 6 of the paper, and the curriculum."""
