"""Slices of tables and figures."""

from importlib.metadata import version
from typing import Any

from lib.graph import grid, search, sources
from lib.slices.base import Base, text
from lib.slices.data import PAPER_ROWS

METRICS = ["H@5", "H@20", "NG@5", "NG@20"]
SHOWN = ["H@5", "H@20"]  # on the results page


def setting(name: str, value: float | None) -> str:
    """Format a candidate as tables name it: "alpha=10"."""
    return "" if value is None else f"{name}={repr(float(value)).removesuffix('.0')}"


class ResultSlices(Base):
    """Slices of the jobs that make tables and figures."""

    def collect(self) -> str:
        """Return the slice with the cell of each metrics file."""
        choices = grid.choices(self.config)
        return text({"cells": [self.cell(cell, choices) for cell in grid.cells(self.config)]})

    def cell(self, cell: grid.Cell, choices: list[str]) -> dict[str, Any]:
        """Return one cell with its names in tables."""
        chosen_by = f"{cell.dataset}/{cell.row.folder}/{cell.row.setting}.json"
        has_grid = cell.value is not None
        return {
            "method": cell.row.method,
            "backbone": cell.row.backbone,
            "dataset": self.dataset(cell.dataset)["label"],
            "seed": cell.seed,
            "setting": {"name": cell.row.setting, "value": cell.value} if has_grid else None,
            "choice": choices.index(chosen_by) if has_grid else None,
        }

    def labels(self) -> list[str]:
        """Return the labels of the data sets in tables, in the configured order."""
        return [dataset["label"] for dataset in self.config["datasets"].values()]

    def table1(self) -> str:
        """Return the slice of Table 1."""
        return text({"datasets": self.labels()})

    def table2(self, tested: str) -> str:
        """Return the slice of Table 2; `tested` names its test rows, "paper" or "all"."""
        rows = [{"method": row.method, "backbone": row.backbone} for row in grid.ROWS]
        taught = [self.dataset(dataset)["label"] for dataset in grid.taught(self.config)]
        return text({"rows": rows, "datasets": self.labels(), "metrics": METRICS, "taught": taught, "tested": tested})

    def significance(self) -> str:
        """Return the slice with the cell of each ranks file, and the settings of the tests."""
        choices = grid.choices(self.config)
        cells = [self.cell(cell, choices) for cell in grid.cells(self.config)]
        return text({**self.tested(), "cells": cells})

    def tested(self) -> dict[str, Any]:
        """Return the metrics that are tested, and the settings of the tests."""
        resampling = {"resamples": self.config["statistics"]["resamples"], "seed": self.config["statistics"]["seed"]}
        return {"metrics": METRICS, "mcnemar_seed": self.config["tuning_seed"], "resampling": resampling}

    def compare(self) -> str:
        """Return the slice with the paper's metrics, and the number of rows on which it measured them."""
        return text({"metrics": METRICS, "paper_rows": PAPER_ROWS})

    def check_consistency(self) -> str:
        """Return the slice with the data set of each metrics file, and the paper's number of test rows."""
        labels = [self.dataset(cell.dataset)["label"] for cell in grid.cells(self.config)]
        return text({"datasets": labels, "paper_rows": PAPER_ROWS})

    def manifest(self) -> str:
        """Return the slice with the whole configuration, the folders of base models, and Snakemake's version."""
        of = [sources.base_llm] + ([sources.text_encoder] if "llm-cf" in self.config["methods"] else [])
        models = sorted({folder(self.config, dataset) for folder in of for dataset in self.config["datasets"]})
        return text({"config": self.config, "models": models, "snakemake": version("snakemake")})

    def place(self, cell: grid.Cell) -> dict[str, Any]:
        """Return data set, backbone and seed of a cell, as figures name them."""
        return {"dataset": self.dataset(cell.dataset)["label"], "backbone": cell.row.backbone, "seed": cell.seed}

    def about(self, dataset: str, row: grid.Row) -> dict[str, Any]:
        """Return a data set and a backbone, as figures name them."""
        return {"dataset": self.dataset(dataset)["label"], "backbone": row.backbone}

    def reproduction(self) -> str:
        """Return the slice of the results page: the run of each input file."""
        cells = [
            {**self.place(cell), "method": setting(cell.row.setting, cell.value), "setting": None, "choice": None}
            for cell in grid.soft_cells(self.config)
        ]
        return text(
            {
                "logs": self.tuned(),
                "described": [self.place(cell) for cell in grid.compared_cells(self.config)],
                "choices": [self.about(*choice) for choice in grid.alpha_choices(self.config)],
                "alphas": {**self.tested(), "metrics": SHOWN, "cells": cells},
                "distance_rows": self.config["soft"]["distance_rows"],
            }
        )

    def tuned(self) -> list[dict[str, Any]]:
        """Return the run of each training log of a language model."""
        return [
            {**self.place(cell), "method": cell.row.method, "setting": setting(cell.row.setting, cell.value)}
            for cell in grid.tuned_cells(self.config)
        ]

    def runtimes(self) -> str:
        """Return the run of each training log, file of self-distilled data and d_0; SASRec's logs record their L2."""
        sasrec = [
            {**self.place(cell), "method": cell.row.method, "setting": None}
            for _, cell in search.sasrec_trainings(self.config)
        ]
        answering = grid.answering_cells(self.config)
        generated = [{**self.place(cell), "method": "SFT", "setting": ""} for cell in answering]
        distances = [
            {**self.place(cell), "method": cell.row.method, "setting": "", "seed": grid.distance_seed(cell)}
            for cell in grid.distance_cells(self.config)
        ]
        return text({"logs": self.tuned() + sasrec, "generated": generated, "distances": distances})

    def figure2(self) -> str:
        """Return the slice of Figure 2: data set, backbone and seed of its files."""
        return text({"cells": [self.place(cell) for cell in grid.compared_cells(self.config)]})

    def figure5(self) -> str:
        """Return the slice of Figure 5: data set and backbone of each choice of alpha."""
        return text({"metric": "H@5", "choices": [self.about(*choice) for choice in grid.alpha_choices(self.config)]})

    def figure6(self) -> str:
        """Return the slice of Figure 6: data set, backbone and method of each choice (SOFT's alpha, SASRec's L2)."""
        choices = [
            {**self.about(dataset, row), "method": row.method} for dataset, row in grid.alpha_choices(self.config)
        ]
        for dataset in grid.sasrec_datasets(self.config):
            choices.append({"dataset": self.dataset(dataset)["label"], "backbone": "", "method": "SASRec"})
        return text({"metric": "H@5", "choices": choices})

    def curriculum(self) -> str:
        """Return the slice of the curriculum figure: the run of SOFT of each training log."""
        return text(
            {
                "cells": [
                    {
                        "dataset": self.dataset(cell.dataset)["label"],
                        "backbone": cell.row.backbone,
                        "alpha": cell.value,
                        "seed": cell.seed,
                    }
                    for cell in grid.soft_cells(self.config)
                ]
            }
        )
