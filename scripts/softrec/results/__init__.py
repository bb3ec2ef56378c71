"""Metrics of all jobs gathered: long tables, runtimes, provenance."""
