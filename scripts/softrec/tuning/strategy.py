"""What a tuning strategy gets of a run, and what it returns: responses, schedule, objective and settings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import SoftrecError
from softrec.decoding.recommender import Recommender
from softrec.io.tables import read_table
from softrec.job.settings import build
from softrec.llm.language_model import LanguageModel
from softrec.splits.samples import load_seen
from softrec.splits.seen_items import SeenItems
from softrec.tuning.epoch_loop import LoopSettings
from softrec.tuning.objectives import Objective
from softrec.tuning.schedule import Schedule
from softrec.tuning.settings import TuningSettings

if TYPE_CHECKING:
    import datasets

Responses = dict[str, list[list[int]]]
NewObjective = Callable[[LanguageModel, list[list[int]], Responses, LoopSettings], Objective]


@dataclass(frozen=True)
class StrategyFiles:
    """Files that some strategies read; those that not every run has are lists, of at most one file but for SOFT's logs.

    Attributes:
        interactions, catalogue, titles, train, valid: files that every run has.
        self_distilled, embeddings: the self-distilled titles and their embeddings.
        initial_distance: d_0 and the rows of every d_t.
        sft_log, soft_logs, soft_choice: training logs of the SFT run and of the SOFT run with each alpha, and the
            selected alpha.
    """

    interactions: Path
    self_distilled: Sequence[Path] | None = None
    initial_distance: Sequence[Path] | None = None
    embeddings: Sequence[Path] | None = None
    sft_log: Sequence[Path] | None = None
    soft_logs: Sequence[Path] | None = None
    soft_choice: Sequence[Path] | None = None
    catalogue: Path | None = None
    titles: Path | None = None
    train: Path | None = None
    valid: Path | None = None


@dataclass(frozen=True)
class TuningRun:
    """A run before tuning.

    Attributes:
        recommender: the model with its adapter, and the catalogue.
        train: the training rows.
        settings: the settings of the run.
        files: the strategy's files.
    """

    recommender: Recommender
    train: "datasets.Dataset"
    settings: TuningSettings
    files: StrategyFiles

    def true_titles(self) -> list[list[int]]:
        """Return the token ids of the responses y, the true titles of the training rows."""
        return self.recommender.labels(self.train)

    def seen_items(self) -> SeenItems:
        """Read which items each user has interacted with, in order."""
        return load_seen(self.files.interactions, self.recommender.items.count)

    def file(self, name: str) -> Path:
        """Return the strategy's file `name`. Raises `SoftrecError` if it is not given."""
        found = getattr(self.files, name)
        given = [found] if isinstance(found, Path) else found or []
        if len(given) != 1:
            flag = f"--{name.replace('_', '-')}"
            raise SoftrecError(
                f"{len(given)} files are given, and one is read", where=flag, remedy=f"give one to {flag}"
            )
        return given[0]

    def self_distilled_titles(self) -> list[list[int]]:
        """Return the token ids of the responses yhat, the raw generated texts, in the order of the training rows.

        Raises:
            SoftrecError: the file does not hold one text per training row, in that order.
        """
        path, rows = self.file("self_distilled"), len(self.train)
        table = read_table(path, ["row", "text"])
        held, remedy = table["row"].to_pylist(), f"remove {path} and let Snakemake make it again"
        if len(held) != rows:
            raise SoftrecError(f"{path} holds {len(held)} texts for {rows} training rows", remedy=remedy)
        for row, found in enumerate(held):
            if found != row:
                raise SoftrecError(f"{path} holds row {found} where row {row} should be", remedy=remedy)
        return [self.recommender.encoder.raw_response(text) for text in table["text"].to_pylist()]


@dataclass(frozen=True)
class Strategy:
    """What a run is tuned on and how.

    Attributes:
        responses: token ids of each kind of response, in the order of the training rows.
        schedule: builds the schedule of tau; called when the model is ready.
        settings: the settings of the run, perhaps with a schedule of the learning rate.
        new_objective: builds the objective; None is L_SOFT.
        smoothing: epsilon of label smoothing.
    """

    responses: Responses
    schedule: Callable[[], Schedule]
    settings: TuningSettings
    new_objective: NewObjective | None = None
    smoothing: float = 0.0


def prepare(name: str, options: dict[str, Any], run: TuningRun) -> Strategy:
    """Build the strategy of a run from its module's name in `softrec.tuning.strategies`, and its options."""
    module = import_module(f"softrec.tuning.strategies.{name}")
    return module.prepare(build(module.Options, options, f"{name}.Options"), run)
