"""Whole tables of made results, shaped like the paper's.

Three data sets, twelve methods, 168 comparisons of four metrics; tested as a run's are.
"""

import numpy as np

from made_ranks import METRICS, Shape, data_set
from softrec.stats import paper_comparison, resampling, variance_components, variance_pooling
from softrec.stats.table_rows import IntervalRow

NAMES = [(name, "") for name in ("SASRec", "DROS", "LLM-CF", "DLLM2Rec")]
NAMES += [(name, backbone) for backbone in ("BIGRec", "LLaRA") for name in ("SFT", "SDPO", "w/o SA", "SOFT")]
PAIRS = [(NAMES.index(a), NAMES.index(b)) for a, b in resampling.pairs(NAMES, "SOFT")]
OURS = np.array([name == "SOFT" for name, _ in NAMES])
TUNED = {b for b, (_, backbone) in enumerate(NAMES) if backbone}
DATASETS = ("A", "B", "C")
LUCKY = 0.0025  # of a value's variance: single runs' true H@5 differ by an eighth of it (standard deviation)


def hit(gain: float = 0.0) -> np.ndarray:
    """(12,) true H@5: 0.015, and for SOFT `gain` more."""
    return 0.015 + gain * OURS


def lucky(of_ours: float = 1.0) -> np.ndarray:
    """(12,) shares of the run in a value's variance; SOFT's is `of_ours` times the others'."""
    return LUCKY * np.where(OURS, of_ours, 1.0)


def corrected(rng: np.random.Generator, shape: Shape, seeds: bool = True) -> np.ndarray:
    """(3, 4, 14) p after Holm's correction by data set, metric and pair; without `seeds` users alone make the error."""
    made = {name: data_set(rng, shape) for name in DATASETS}
    p = np.empty((3, 4, len(PAIRS)))
    for k in range(len(METRICS)):
        found = {name: variance_components.varied(sums[k], rows) for name, (sums, rows) in made.items()}
        spreads = variance_pooling.settle(found, dict.fromkeys(DATASETS, tuple(NAMES)))
        for d, (name, (sums, rows)) in enumerate(made.items()):
            for at, (a, b) in enumerate(PAIRS):
                apart = sums[k, a] - sums[k, b]
                of = variance_components.estimate(apart, rows, spreads[name], [a, b] if seeds else [])
                p[d, k, at] = resampling.p_value(of, variance_components.differing(apart))
    return np.array(resampling.holm(p.ravel())).reshape(p.shape)


def marked(p: np.ndarray) -> float:
    """The share of SOFT's gains in H@5 over tuned rows of its backbone that are marked."""
    return float((p[:, 0, [b in TUNED for _, b in PAIRS]] < 0.05).mean())


def inside(rng: np.random.Generator, ours: Shape) -> float:
    """The share of the paper's cells that are found inside where its truth is that of ours.

    One run on 1,000 rows of users of its own, printed with four digits.
    """
    sums, rows = data_set(rng, ours)
    theirs, paper_rows = data_set(rng, Shape(1000, 1, ours.hit, ours.lucky, ours.easy, ours.known))
    cells, paper = [], {}
    for k, metric in enumerate(METRICS):
        found = {"A": variance_components.varied(sums[k], rows)}
        spread = variance_pooling.settle(found, {"A": NAMES})["A"]
        for m, name in enumerate(NAMES):
            of = variance_components.estimate(sums[k, m], rows, spread, [m])
            run = (variance_components.between_users(sums[k, m], rows).mean() ** 0.5, (of.seeds * ours.seeds) ** 0.5)
            freedoms = (spread.noise[m] ** 0.5, variance_components.users_freedom(rows), spread.freedom[m])
            size = (ours.rows, len(rows), ours.seeds, of.error, of.freedom, *run, *freedoms)
            cells.append(IntervalRow(*name, "A", metric, of.value, 0.0, 1.0, *size))
            paper[(*name, "A", metric)] = round(theirs[k, m, 0].sum() / paper_rows.sum(), 4)
    rows_of = paper_comparison.compare(cells, paper, paper_comparison.CompareSettings(list(METRICS), 1000))
    return float(np.mean([row.verdict == "inside" for row in rows_of]))
