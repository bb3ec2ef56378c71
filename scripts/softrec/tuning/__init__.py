"""SFT, SOFT and S-DPO: losses, curriculum, the epoch loop and its engines (paper, section 3)."""
