"""The facts of an export, from the manifests and files of the jobs behind an adapter."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from common import file_digests, files
from common.errors import SoftrecError
from softrec.evaluation import metrics
from softrec.evaluation.ranking import read_ranks
from softrec.io import training_log
from softrec.io.records import read_record
from softrec.stats import resampling
from softrec.stats.resampling import Interval, Resampling
from softrec.use.exported import Base
from softrec.use.run_files import tuning_settings

COUNTS = ("users", "items", "interactions")


class Tuned(NamedTuple):
    """How an adapter was tuned: all settings, those of prompts, those of grounding, library versions, log summary."""

    settings: Mapping[str, Any]
    recommender: Mapping[str, Any]
    grounding: Mapping[str, Any]
    versions: Mapping[str, str]
    log: Mapping[str, Any]


class Measured(NamedTuple):
    """A metric on the test rows, with the interval over users."""

    metric: str
    value: float
    interval: Interval


class Tested(NamedTuple):
    """Test results: numbers of rows and of their users, and metrics with intervals."""

    rows: int
    users: int
    measured: list[Measured]


def base_of(llm: Path, repository: str | None) -> Base:
    """Return how an export names its base model: by repository and commit, or by its absolute path.

    A relative path could be taken for a repository of the hub. The commit is in the manifest of the download.

    Raises `SoftrecError` if the manifest of a downloaded model has no commit.
    """
    digest = file_digests.sha256(llm)
    if repository is None:
        return Base(str(llm.absolute()), None, digest)
    return Base(repository, read_record(files.manifest_of(llm)).record("notes").text("commit"), digest)


def tuned(adapter: Path, log: Path) -> Tuned:
    """Read an adapter's manifest and training log. Raises `SoftrecError` if the manifest is missing or incomplete."""
    place = files.manifest_of(adapter)
    if not place.exists():
        remedy = "export an adapter that a run has made"
        raise SoftrecError(f"{adapter} has no manifest, so its settings are not known", where=str(place), remedy=remedy)
    made = read_record(place)
    tuning = tuning_settings(made)
    last = training_log.read_lines(log)[-1]
    return Tuned(
        made.record("settings").value,
        tuning.record("recommender").value,
        tuning.record("grounding").value,
        made.record("versions").value,
        last if "summary" in last else {},
    )


def measure(path: Path, cutoffs: Sequence[int], dataset: str, how: Resampling) -> Tested:
    """Compute the metrics of a file of ranks on all rows, each with its 95 % interval over users.

    Users are resampled with all their rows; the variance of seeds is not included.
    """
    table = read_ranks(path)
    rank, user = table["rank"].to_numpy(), table["user"].to_numpy()
    if not len(rank):
        raise SoftrecError(f"{path} has no rows", remedy="look at the split and at its sample: one of them is empty")
    found = metrics.summary(rank, cutoffs)
    sums = resampling.by_user(np.stack([resampling.row_values(rank, name) for name in found]), user)
    (means,) = resampling.bootstrap([sums.value.T], sums.rows, how, dataset)
    measured = [
        Measured(name, value, resampling.interval(means[:, place])) for place, (name, value) in enumerate(found.items())
    ]
    return Tested(len(rank), len(sums.rows), measured)


def counts(path: Path) -> dict[str, int]:
    """Read the final numbers of users, items and interactions in filter_counts.json."""
    final = read_record(path).record("final")
    return {name: final.whole(name) for name in COUNTS}


def for_softrec(base: Base, tuned: Tuned, window: int) -> dict[str, Any]:
    """Return the content of softrec.json: what `scripts/recommend.py` needs beside the files."""
    return {
        "base_model": {"name": base.name, "revision": base.revision, "sha256": base.sha256},
        "recommender": tuned.recommender,
        "grounding": tuned.grounding,
        "window": window,
    }
