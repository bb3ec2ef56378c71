"""Figures 2, 5 and 6 of the paper, and a figure of the curriculum."""
