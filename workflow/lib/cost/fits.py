"""Estimated seconds to train an ID-based recommender: steps, and a ranking of the validation rows after each epoch.

The time of a step grows with the catalogue, because Adam updates every row. Times on a core are linear fits to
rehearsed runs on the paper's three data sets with one thread (docs/performance.md). Times on a GPU are assumed, not
measured: some hundred sequential kernels per step.
"""

from typing import NamedTuple

from lib.cost.sizes import Sizes
from lib.graph import methods

KEPT = 200  # epoch that a run keeps, if it is not ended before: two of SASRec on Amazon Games 2018 kept 175 and 210


class Pace(NamedTuple):
    """Seconds of a step and of ranking a validation row, each with the additional seconds per item of the catalogue."""

    step: float
    step_item: float
    row: float
    row_item: float


SASREC = Pace(8e-3, 1.8e-7, 1e-4, 4e-9)  # also of every method that has not been rehearsed
ON_CORE = {
    "fit_gru4rec": Pace(18e-3, 1.2e-7, 1e-4, 4e-9),  # steps alone, on made-up windows of the three catalogues
    "fit_dros": Pace(8e-3, 4.4e-6, 1e-4, 4e-9),
    "fit_sasrec_full_softmax": Pace(8e-3, 4e-6, 1e-4, 4e-9),  # steps alone, like GRU4Rec's
    "fit_dllm2rec": Pace(45e-3, 4.3e-7, 1e-4, 4e-9),
    "fit_llm_cf": Pace(25e-3, 9e-7, 1e-3, 4e-9),
}
ON_SAMPLE = {f"fit_{row.rule}" for row in methods.fitted() if row.fit and row.fit.rows == "samples"}
ON_GPU = Pace(10e-3, 0, 1e-4, 0)


def seconds(sizes: Sizes, *, on_gpu: bool, epochs: int | None = None) -> float:
    """Return the seconds of one training run of at most `epochs`, by default until patience ends it."""
    own = sizes.config["sasrec"]
    pace = ON_GPU if on_gpu else ON_CORE.get(sizes.job.rule, SASREC)
    step, row = pace.step + sizes.titles * pace.step_item, pace.row + sizes.titles * pace.row_item
    sampled = sizes.job.rule in ON_SAMPLE
    rows = sizes.rows("train") if sampled else sizes.training_rows
    patience = (sizes.config["sasrec_rows"] if sampled else own)["patience"]
    epoch = rows / own["batch_size"] * step + sizes.validated * row
    return min(own["epochs"], KEPT + patience if epochs is None else epochs) * epoch
