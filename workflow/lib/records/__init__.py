"""Results held against the manifests beside them."""
