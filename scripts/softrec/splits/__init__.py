"""From interactions to sequences, samples and what a user has seen (paper, section 4.1)."""
