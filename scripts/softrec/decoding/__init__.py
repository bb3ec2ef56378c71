"""Generation of titles from prompts by beam search."""
