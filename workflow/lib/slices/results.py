"""Slices of tables and figures."""

from typing import Any

from lib import grid
from lib.slices.base import Base, text

METRICS = ["H@5", "H@20", "NG@5", "NG@20"]
PAPER_ROWS = 1000  # sampled test sequences (paper, section 4.1)


class ResultSlices(Base):
    """Tables and figures."""

    def collect(self) -> str:
        """Which metrics file is which cell."""
        choices = grid.choices(self.config)
        return text({"cells": [self.cell(cell, choices) for cell in grid.cells(self.config)]})

    def cell(self, cell: grid.Cell, choices: list[str]) -> dict[str, Any]:
        """One cell as the tables name it."""
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
        """The data sets as the tables name them, in the configured order."""
        return [dataset["label"] for dataset in self.config["datasets"].values()]

    def table1(self) -> str:
        """Shape of Table 1."""
        return text({"datasets": self.labels()})

    def table2(self) -> str:
        """Shape of Table 2."""
        rows = [{"method": row.method, "backbone": row.backbone} for row in grid.ROWS]
        return text({"rows": rows, "datasets": self.labels(), "metrics": METRICS})

    def significance(self) -> str:
        """Which ranks are which cell, and how they are resampled."""
        choices = grid.choices(self.config)
        cells = [self.cell(cell, choices) for cell in grid.cells(self.config)]
        resampling = {"resamples": self.config["statistics"]["resamples"], "seed": self.config["statistics"]["seed"]}
        seed = self.config["tuning_seed"]
        return text({"cells": cells, "metrics": METRICS, "mcnemar_seed": seed, "resampling": resampling})

    def compare(self) -> str:
        """Which metrics the paper prints."""
        return text({"metrics": METRICS})

    def audit_numbers(self) -> str:
        """The data set of each metrics file, and the number of test rows in the paper."""
        labels = [self.dataset(cell.dataset)["label"] for cell in grid.cells(self.config)]
        return text({"datasets": labels, "paper_rows": PAPER_ROWS})

    def manifest(self) -> str:
        """The whole configuration."""
        return text({"config": self.config})

    def curriculum(self) -> str:
        """Which training log is which curve of tau and d_t."""
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
