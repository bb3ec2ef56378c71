"""Each rule's slice of the configuration, as JSON: the only way in which a script learns a setting.

What is in a slice makes a result stale when it changes; what is not in it cannot influence the result.
"""

from lib.slices.base import text
from lib.slices.data import DataSlices
from lib.slices.llm import LlmSlices
from lib.slices.results import ResultSlices
from lib.slices.sequential import SequentialSlices

__all__ = ["Slices", "text"]


class Slices(DataSlices, SequentialSlices, LlmSlices, ResultSlices):
    """One method per kind of job; arguments are the job's wildcards."""
