"""Programs for people, each behind a `make` target."""
