"""What a run has made, in use: recommendations for a history, and files for other tools."""
