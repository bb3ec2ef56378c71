"""Readers of raw files, one module per family of formats."""
