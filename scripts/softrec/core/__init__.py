"""Random streams, processes of a job and devices: what every other room may use."""
