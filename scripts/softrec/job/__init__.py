"""The frame of a script: arguments, settings, the plan it was submitted with, and its manifest."""
