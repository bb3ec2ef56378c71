"""The soak test: runs that are killed at random moments end in the same files."""
