"""Slices of tables and figures."""

from importlib.metadata import version
from typing import Any

from lib.graph import grid, search, sources
from lib.slices.base import Base, text
from lib.slices.data import PAPER_ROWS

METRICS = ["H@5", "H@20", "NG@5", "NG@20"]
SHOWN = ["H@5", "H@20"]  # on the page of what came out


def setting(name: str, value: float | None) -> str:
    """A candidate as tables name it: "alpha=10"."""
    return "" if value is None else f"{name}={repr(float(value)).removesuffix('.0')}"


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

    def table2(self, tested: str) -> str:
        """Shape of Table 2, and which test rows it is of."""
        rows = [{"method": row.method, "backbone": row.backbone} for row in grid.ROWS]
        taught = [self.dataset(dataset)["label"] for dataset in grid.taught(self.config)]
        return text({"rows": rows, "datasets": self.labels(), "metrics": METRICS, "taught": taught, "tested": tested})

    def significance(self) -> str:
        """Which ranks are which cell, and how they are resampled."""
        choices = grid.choices(self.config)
        cells = [self.cell(cell, choices) for cell in grid.cells(self.config)]
        return text({**self.tested(), "cells": cells})

    def tested(self) -> dict[str, Any]:
        """What is tested, and how it is resampled."""
        resampling = {"resamples": self.config["statistics"]["resamples"], "seed": self.config["statistics"]["seed"]}
        return {"metrics": METRICS, "mcnemar_seed": self.config["tuning_seed"], "resampling": resampling}

    def compare(self) -> str:
        """Which metrics the paper prints, and on how many rows it measured them."""
        return text({"metrics": METRICS, "paper_rows": PAPER_ROWS})

    def check_consistency(self) -> str:
        """The data set of each metrics file, and the number of test rows in the paper."""
        labels = [self.dataset(cell.dataset)["label"] for cell in grid.cells(self.config)]
        return text({"datasets": labels, "paper_rows": PAPER_ROWS})

    def manifest(self) -> str:
        """The whole configuration, where the base models stand, and what runs it all."""
        of = [sources.base_llm] + ([sources.text_encoder] if "llm-cf" in self.config["methods"] else [])
        models = sorted({folder(self.config, dataset) for folder in of for dataset in self.config["datasets"]})
        return text({"config": self.config, "models": models, "snakemake": version("snakemake")})

    def place(self, cell: grid.Cell) -> dict[str, Any]:
        """Data set, backbone and seed of a cell, as figures name them."""
        return {"dataset": self.dataset(cell.dataset)["label"], "backbone": cell.row.backbone, "seed": cell.seed}

    def about(self, dataset: str, row: grid.Row) -> dict[str, Any]:
        """A data set and a backbone, as figures name them."""
        return {"dataset": self.dataset(dataset)["label"], "backbone": row.backbone}

    def reproduction(self) -> str:
        """Which training log, which file of self-distilled metrics, which choice and which ranks are which run's."""
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
        """The run of each training log of a language model."""
        return [
            {**self.place(cell), "method": cell.row.method, "setting": setting(cell.row.setting, cell.value)}
            for cell in grid.tuned_cells(self.config)
        ]

    def runtimes(self) -> str:
        """Which training log, which file of answers and which d_0 is which run's; SASRec's logs name their L2."""
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
        """Which files are of which data set, backbone and seed."""
        return text({"cells": [self.place(cell) for cell in grid.compared_cells(self.config)]})

    def figure5(self) -> str:
        """What each choice of alpha is about."""
        return text({"metric": "H@5", "choices": [self.about(*choice) for choice in grid.alpha_choices(self.config)]})

    def figure6(self) -> str:
        """What each choice is about: SOFT's alpha and SASRec's L2."""
        choices = [
            {**self.about(dataset, row), "method": row.method} for dataset, row in grid.alpha_choices(self.config)
        ]
        for dataset in grid.sasrec_datasets(self.config):
            choices.append({"dataset": self.dataset(dataset)["label"], "backbone": "", "method": "SASRec"})
        return text({"metric": "H@5", "choices": choices})

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
