"""Basics that all other packages may use: random streams, ranks of a job, devices, signals and size limits."""
