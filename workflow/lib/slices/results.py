"""Slices of tables and figures."""

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from lib.graph import crossed, grid, search, sources
from lib.graph.methods import Row
from lib.slices.base import Base, to_json
from lib.slices.data import PAPER_ROWS

METRICS = ["H@5", "H@20", "NG@5", "NG@20"]
SHOWN = ["H@5", "H@20"]  # on the results page
POWER_ROWS = [PAPER_ROWS, 8000]  # the paper's, and the default of samples.test
ANY = {"seed": None, "setting": ""}  # of all seeds and settings


def label(name: str, value: float | None) -> str:
    """Format a candidate as tables name it: "alpha=10"."""
    return "" if value is None else f"{name}={repr(float(value)).removesuffix('.0')}"


class ResultSlices(Base):
    """Slices of the rules that make tables and figures. Files of results are named by the run that they belong to."""

    def run(self, cell: grid.Cell, **changes: Any) -> dict[str, Any]:
        """Return the identity of a cell's run: data set, backbone, method, seed, setting."""
        return {
            "dataset": self.dataset(cell.dataset)["label"],
            "backbone": cell.row.backbone,
            "method": cell.row.method,
            "seed": cell.seed,
            "setting": label(cell.row.setting, cell.value),
            **changes,
        }

    def runs(self, cells: Iterable[grid.Cell], **changes: Any) -> list[dict[str, Any]]:
        """Return the identities of several cells' runs."""
        return [self.run(cell, **changes) for cell in cells]

    def choices(self, of: Iterable[Row] | None = None) -> list[dict[str, Any]]:
        """Return the row of each choice file of the rows `of`, the paper's by default, as `grid.choices`."""
        rows = grid.paper_rows(self.config) if of is None else of
        return [self.run(grid.Cell(row, dataset, 0), **ANY) for dataset, row in grid.chosen_rows(self.config, rows)]

    def collect(self, of: Sequence[Row]) -> str:
        """Return the run of each metrics file, and the row of each choice file, of the rows `of`."""
        return to_json({"cells": self.runs(grid.cells(self.config, of)), "choices": self.choices(of)})

    def labels(self) -> list[str]:
        """Return the data sets as the tables name them, in the configured order."""
        return [dataset["label"] for dataset in self.config["datasets"].values()]

    def paper(self) -> str:
        """Return the number of seeds, which captions name."""
        return to_json({"seeds": len(self.config["seeds"])})

    def page(self, title: str) -> str:
        """Return the title of a page of the report."""
        return to_json({"title": title})

    def table1(self) -> str:
        """Return the shape of Table 1."""
        return to_json({"datasets": self.labels()})

    def table2(self, tested: str) -> str:
        """Return the shape of Table 2, and on which test rows it is computed."""
        rows = [{"method": row.method, "backbone": row.backbone} for row in grid.ROWS if row.family == "paper"]
        taught = [self.dataset(dataset)["label"] for dataset in grid.taught(self.config)]
        return to_json(
            {"rows": rows, "datasets": self.labels(), "metrics": METRICS, "taught": taught, "tested": tested}
        )

    def significance(self, of: Sequence[Row]) -> str:
        """Return the run of each ranks file of the rows `of`, what is tested, and the resampling."""
        return to_json({**self.tested(), "cells": self.runs(grid.cells(self.config, of)), "choices": self.choices(of)})

    def table3(self) -> str:
        """Return the rows of Table 3 with what a difference to them would mean, its data sets and metrics."""
        rows = [
            {"method": row.method, "backbone": row.backbone, "family": row.family, "meaning": row.meaning}
            for row in grid.further_rows(self.config)
            if row.family != "paper"
        ]
        return to_json({"rows": rows, "datasets": self.labels(), "metrics": METRICS, "printed": SHOWN})

    def power(self, rows: Sequence[Row]) -> str:
        """Return the run of each ranks file of the rows, what is tested, and how many test rows are simulated."""
        cells = self.runs(grid.cells(self.config, rows))
        asked = {"metrics": METRICS, "rows": POWER_ROWS, "seed": self.config["statistics"]["seed"]}
        return to_json({**asked, "cells": cells, "choices": self.choices(rows)})

    def variance(self) -> str:
        """Return the run of each ranks file of crossed designs, and the data sets of each; empty if there are none."""
        groups = [[self.dataset(name)["label"] for name in group] for group in crossed.groups(self.config)]
        found = {"cells": self.runs(crossed.cells(self.config)), "choices": self.choices() if groups else []}
        seed = self.config["statistics"]["seed"]
        return to_json({**found, "metrics": METRICS, "groups": groups, "seed": seed})

    def tested(self) -> dict[str, Any]:
        """Return what is tested, and the resampling."""
        return {"metrics": METRICS, "mcnemar_seed": self.config["tuning_seed"], "resampling": self.config["statistics"]}

    def compare(self) -> str:
        """Return the metrics that the paper prints, and the number of its test rows."""
        return to_json({"metrics": METRICS, "paper_rows": PAPER_ROWS})

    def check_consistency(self) -> str:
        """Return the data set of each metrics file, and the number of test rows in the paper."""
        cells = grid.cells(self.config, grid.paper_rows(self.config))
        labels = [self.dataset(cell.dataset)["label"] for cell in cells]
        return to_json({"datasets": labels, "paper_rows": PAPER_ROWS})

    def manifest(self) -> str:
        """Return the whole configuration, the folders of the base models, and Snakemake's version."""
        of = [sources.base_llm] + ([sources.text_encoder] if "llm-cf" in self.config["methods"] else [])
        models = sorted({folder(self.config, dataset) for folder in of for dataset in self.config["datasets"]})
        return to_json({"config": self.config, "models": models, "snakemake": version("snakemake")})

    def reproduction(self) -> str:
        """Return the run of each training log, of each file of self-distilled metrics and of each ranks file."""
        return to_json(
            {
                "logs": self.runs(grid.tuned_cells(self.config)),
                "described": self.runs(grid.compared_cells(self.config)),
                "alphas": self.alphas(SHOWN),
                "distance_rows": self.config["soft"]["distance_rows"],
            }
        )

    def alphas(self, metrics: list[str]) -> dict[str, Any]:
        """Return the run of each ranks file of SOFT, with its alpha in the place of the method, and the resampling."""
        cells = [self.run(cell, method=label("alpha", cell.value), setting="") for cell in grid.soft_cells(self.config)]
        choices = self.choices(grid.soft_rows(self.config))
        return {**self.tested(), "metrics": metrics, "cells": cells, "choices": choices}

    def runtimes(self) -> str:
        """Return the run of each training log, of each file of self-distilled data and of each d_0.

        SASRec's logs name their L2 themselves.
        """
        sasrec = self.runs((cell for _, cell in search.sasrec_trainings(self.config)), setting="")
        distances = [
            self.run(cell, setting="", seed=grid.distance_seed(cell)) for cell in grid.distance_cells(self.config)
        ]
        return to_json(
            {
                "logs": self.runs(grid.tuned_cells(self.config)) + sasrec,
                "generated": self.runs(grid.answering_cells(self.config)),
                "distances": distances,
            }
        )

    def figure2(self) -> str:
        """Return the run of SFT that the files of each panel belong to."""
        return to_json({"cells": self.runs(grid.compared_cells(self.config))})

    def figure5(self) -> str:
        """Return the metric, the row of each choice of alpha, and the run of each ranks file."""
        choices = self.choices(grid.curricula(self.config))
        return to_json({"metric": "H@5", "choices": choices, "alphas": self.alphas(["H@5"])})

    def figure6(self) -> str:
        """Return the metric, and the row of each choice: SOFT's alpha and SASRec's L2."""
        sasrec = {"backbone": "", "method": "SASRec", **ANY}
        own = [{"dataset": self.dataset(name)["label"], **sasrec} for name in grid.sasrec_datasets(self.config)]
        return to_json({"metric": "H@5", "choices": self.choices() + own})

    def curriculum(self) -> str:
        """Return the run of SOFT of each training log."""
        return to_json({"cells": self.runs(grid.soft_cells(self.config))})
