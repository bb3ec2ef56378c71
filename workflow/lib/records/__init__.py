"""Checks of results against the manifests beside them."""
