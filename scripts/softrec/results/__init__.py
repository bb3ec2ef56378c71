"""Results collected from all jobs: long tables of metrics, runtimes, provenance."""
