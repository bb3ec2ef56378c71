"""Files exchanged between rules: tables, arrays, records, weights, checkpoints; each is validated when read."""
