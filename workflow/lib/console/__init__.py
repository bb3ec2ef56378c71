"""Terminal output of a run: its plan, its progress, its failures."""
