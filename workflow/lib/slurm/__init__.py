"""Slurm: partitions and accounts, failed submissions, and waiting, preempted or forgotten jobs."""
