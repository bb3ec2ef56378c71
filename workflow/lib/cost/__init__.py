"""Estimates of the jobs' time and disk, from the configuration and from benchmarks of finished jobs."""
