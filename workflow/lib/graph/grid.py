"""The cells (test results) of a configuration: its rows on its data sets with its seeds."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lib.graph.methods import ROWS, Row


@dataclass(frozen=True)
class Cell:
    """One test result: a row of Table 2 on a data set with a seed, and a candidate if the row has a grid."""

    row: Row
    dataset: str
    seed: int
    value: float | int | None = None

    @property
    def folder(self) -> str:
        """The folder of this result below `results/RUN/`."""
        candidate = "" if self.value is None else f"/{self.row.setting}={self.value}"
        seed = f"/seed={self.seed}" if self.row.seeded else ""
        return f"{self.dataset}/{self.row.folder}{candidate}{seed}"


def wildcards() -> dict[str, str]:
    """Return the constraints of Snakemake's wildcards as regular expressions, which match only rows of the table.

    `backbone`; `variant`, a tuned language model without its seed; `grounded`, results that are ranked by distances of
    texts: of a language model with its backbone and seed, or of `untrained`, titles of the history; `tuned`, a language
    model with a grid, without candidate and seed, and `chosen`, the hyperparameter that validation selects for it;
    `sequential`, an ID-based sequential recommender.
    """
    asked, untrained = [row for row in ROWS if row.backbone], [row for row in ROWS if row.history]
    return {
        "backbone": alternatives(re.escape(row.folder.partition("/")[0]) for row in asked),
        "variant": alternatives(row.pattern for row in asked if row.seeded),
        "grounded": alternatives(row.results for row in [*asked, *untrained]),
        "untrained": alternatives(row.results for row in untrained),
        "tuned": alternatives(re.escape(row.own_folder) for row in asked if row.grid),
        "chosen": alternatives(row.setting for row in asked if row.grid),
        "sequential": alternatives(row.pattern for row in ROWS if row.search),
    }


def alternatives(patterns: Iterable[str]) -> str:
    """Join patterns to one regular expression of alternatives, without duplicates."""
    return "|".join(dict.fromkeys(patterns))


def rows(config: Mapping[str, Any]) -> list[Row]:
    """Return the configured rows, in the order of the paper."""
    return [row for row in ROWS if row.key in config["methods"]]


def paper_rows(config: Mapping[str, Any]) -> list[Row]:
    """Return the configured rows of Table 2's tests, without bounds and controls."""
    return [row for row in rows(config) if row.family == "paper"]


def further_rows(config: Mapping[str, Any]) -> list[Row]:
    """Return the rows of Table 3's tests: SOFT's, then bounds and controls; none without a bound or control."""
    others = [row for row in rows(config) if row.family != "paper"]
    return [*soft_rows(config), *others] if others else []


def cells(config: Mapping[str, Any], of: Iterable[Row] | None = None) -> list[Cell]:
    """Return every configured test result of the rows `of`, or of all configured rows, in the order of the table."""
    return list(_cells(config, rows(config) if of is None else of))


def _cells(config: Mapping[str, Any], of: Iterable[Row]) -> Iterator[Cell]:
    for row in of:
        for dataset in config["datasets"]:
            for value in candidates(config, row):
                for seed in config["seeds"]:
                    yield Cell(row, dataset, seed, value)


def soft_cells(config: Mapping[str, Any]) -> list[Cell]:
    """Return the runs of SOFT, which have a curve of tau and d_t."""
    return cells(config, soft_rows(config))


def soft_rows(config: Mapping[str, Any]) -> list[Row]:
    """Return the rows of SOFT, without its controls."""
    return [row for row in rows(config) if row.method == "SOFT"]


def curricula(config: Mapping[str, Any]) -> list[Row]:
    """Return the rows that Figure 5 draws against alpha: SOFT, and SOFT with another curriculum."""
    others = [row for row in rows(config) if row.tune and row.tune.curriculum in ("epoch", "validation")]
    return [*soft_rows(config), *others]


def compared_cells(config: Mapping[str, Any]) -> list[Cell]:
    """Return SFT's cell of each data set, backbone and seed with both SFT and SOFT(w/o SA), as Figure 2 compares."""
    without = {row.backbone for row in rows(config) if row.method == "SOFT(w/o SA)"}
    return [cell for cell in cells(config) if cell.row.method == "SFT" and cell.row.backbone in without]


def without_scheduler(config: Mapping[str, Any]) -> list[Cell]:
    """Return the cells of SOFT(w/o SA) that `compared_cells` are compared with, in the same order."""
    row_of = {row.backbone: row for row in ROWS if row.method == "SOFT(w/o SA)"}
    return [Cell(row_of[cell.row.backbone], cell.dataset, cell.seed) for cell in compared_cells(config)]


def tuned_cells(config: Mapping[str, Any]) -> list[Cell]:
    """Return the tuning runs whose minutes Figure 6 counts: those of the table, and the SFT runs that they build on.

    SASRec is separate, because its L2 is selected before the test.
    """
    own = [cell for cell in cells(config) if cell.row.backbone and cell.row.seeded]
    return list(dict.fromkeys([*own, *sft_cells(config, {cell.row.backbone for cell in own})]))


def sasrec_cells(config: Mapping[str, Any]) -> list[Cell]:
    """Return SASRec's cells, if SASRec is a row of the table."""
    return [cell for cell in cells(config) if cell.row.key == "sasrec"]


def sasrec_datasets(config: Mapping[str, Any]) -> list[str]:
    """Return the data sets with a SASRec cell."""
    return list(dict.fromkeys(cell.dataset for cell in sasrec_cells(config)))


def answering_cells(config: Mapping[str, Any]) -> list[Cell]:
    """Return SFT's cell of each data set, backbone and seed whose self-distilled data some row needs."""
    return sft_cells(config, {row.backbone for row in rows(config) if row.tune and row.tune.reads})


def sft_cells(config: Mapping[str, Any], backbones: Collection[str]) -> list[Cell]:
    """Return SFT's cells with these backbones, whether SFT is a row of the table or not."""
    of_sft = [row for row in ROWS if row.method == "SFT" and row.backbone in backbones]
    return [Cell(row, dataset, seed) for row in of_sft for dataset in config["datasets"] for seed in config["seeds"]]


def distance_cells(config: Mapping[str, Any]) -> list[Cell]:
    """Return a cell that needs it for each d_0: one per data set, or per seed for LLaRA, whose projector is seeded."""
    first: dict[tuple[str, str, int | None], Cell] = {}
    for cell in cells(config, [row for row in rows(config) if row.tune and row.tune.curriculum == "distance"]):
        first.setdefault((cell.dataset, cell.row.backbone, distance_seed(cell)), cell)
    return list(first.values())


def distance_seed(cell: Cell) -> int | None:
    """Return the seed of a cell's d_0, or None if d_0 is the same for every seed."""
    return cell.seed if cell.row.backbone == "LLaRA" else None


def chosen_rows(config: Mapping[str, Any], of: Iterable[Row]) -> list[tuple[str, Row]]:
    """Return (data set, row) of every choice among the candidates of a grid, in the order of `choices`."""
    return [(dataset, row) for row in of if row.grid for dataset in config["datasets"]]


def taught(config: Mapping[str, Any]) -> list[str]:
    """Return the data sets with a DLLM2Rec cell."""
    return list(config["datasets"]) if "dllm2rec" in config["methods"] else []


def figures(config: Mapping[str, Any]) -> list[str]:
    """Return the figures for which the configured rows have data."""
    asked = {"curriculum": soft_cells(config), "figure2": compared_cells(config), "figure5": soft_cells(config)}
    return [*(name for name, wanted in asked.items() if wanted), *(["figure6"] if tuned_cells(config) else [])]


def candidates(config: Mapping[str, Any], row: Row) -> list[float | int | None]:
    """Return the candidates of a row's grid, or [None] for a row without a grid."""
    found: Any = config
    for key in row.grid:
        found = found[key]
    return list(found) if row.grid else [None]


def choices(config: Mapping[str, Any], of: Iterable[Row]) -> list[str]:
    """Return the choice files of the rows `of`, below `results/RUN/`, with the candidate that validation selected.

    There is one file per data set and row with a grid.
    """
    return [f"{dataset}/{row.folder}/{row.setting}.json" for dataset, row in chosen_rows(config, of)]
