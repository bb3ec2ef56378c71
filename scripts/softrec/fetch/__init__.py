"""Downloads: data sets and base models, by pinned versions and checksums."""
