"""From raw reviews to interactions and a catalogue (paper, section 4.1)."""
