"""What a Slurm cluster has, says and does to jobs."""
