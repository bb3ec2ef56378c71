"""The results page of a run, with sentences that are selected by the numbers."""
