"""Files between rules: tables, arrays, records, weights, checkpoints; each is checked when it is read."""
