"""Checks before a job is submitted: models, data, disk, software."""
