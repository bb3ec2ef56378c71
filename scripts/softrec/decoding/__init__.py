"""From prompts to generated titles: beam search."""
