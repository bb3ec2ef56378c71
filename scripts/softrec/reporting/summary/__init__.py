"""The page that says what came out of a run, in sentences chosen by numbers."""
