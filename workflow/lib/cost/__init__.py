"""Time, memory and disk of jobs, by the configuration and by benchmarks of finished ones."""
