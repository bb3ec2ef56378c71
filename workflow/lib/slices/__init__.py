"""Slices of the configuration, one per rule, as JSON: the only source of a script's settings.

A change of a value in a slice makes the result stale; a value outside the slice cannot influence the result.
"""

from lib.slices.base import to_json
from lib.slices.data import DataSlices
from lib.slices.results import ResultSlices
from lib.slices.use import UseSlices

__all__ = ["Slices", "to_json"]


class Slices(DataSlices, UseSlices, ResultSlices):
    """Slices by kind of job, one method each; the arguments are the job's wildcards."""
