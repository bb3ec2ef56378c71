"""Slices of the configuration, one per rule, as JSON: the only source of a script's settings.

A change of a value in a slice makes the result stale; a value outside the slice cannot influence the result.
"""

from lib.slices.base import text
from lib.slices.data import DataSlices
from lib.slices.llm import LlmSlices
from lib.slices.results import ResultSlices
from lib.slices.sequential import SequentialSlices

__all__ = ["Slices", "text"]


class Slices(DataSlices, SequentialSlices, LlmSlices, ResultSlices):
    """Slices by kind of job, one method each; the arguments are the job's wildcards."""
