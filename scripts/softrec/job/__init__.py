"""What all scripts share: arguments, settings, the check of the plan, and manifests."""
