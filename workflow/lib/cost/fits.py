"""Seconds that training a model over item ids takes: steps, and after each epoch a ranking of validation rows.

A step's time grows with the catalogue, of which Adam moves every row. Those of a core are lines through what rehearsed
fits of the paper's three data sets took, one thread (docs/performance.md). No GPU has run one yet: theirs are assumed,
for some hundred kernels a step that wait for each other.
"""

from typing import NamedTuple

from lib.cost.sizes import Sizes

EPOCHS = 250  # patience ends a run before 500: two of SASRec on Amazon Games 2018 kept their 175th and 210th


class Pace(NamedTuple):
    """Seconds of a step, and what each item of the catalogue adds; the same of ranking a validation row."""

    step: float
    step_item: float
    row: float
    row_item: float


ON_CORE = {
    "fit_sasrec": Pace(8e-3, 1.8e-7, 1e-4, 4e-9),
    "fit_sasrec_softmax": Pace(8e-3, 1.8e-7, 1e-4, 4e-9),
    "fit_dros": Pace(8e-3, 4.4e-6, 1e-4, 4e-9),
    "fit_dllm2rec": Pace(45e-3, 4.3e-7, 1e-4, 4e-9),
    "fit_llm_cf": Pace(25e-3, 9e-7, 1e-3, 4e-9),
}
ON_GPU = Pace(10e-3, 0, 1e-4, 0)


def seconds(sizes: Sizes, *, on_gpu: bool, epochs: int = EPOCHS) -> float:
    """Of one training run of at most `epochs`, by default as many as patience leaves of `sasrec.epochs`."""
    own = sizes.config["sasrec"]
    pace = ON_GPU if on_gpu else ON_CORE[sizes.job.rule]
    step, row = pace.step + sizes.titles * pace.step_item, pace.row + sizes.titles * pace.row_item
    epoch = sizes.training_rows / own["batch_size"] * step + sizes.validated * row
    return min(own["epochs"], epochs) * epoch
