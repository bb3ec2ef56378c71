"""Slices of grounding, evaluation and hyperparameter selection on validation."""

from collections.abc import Sequence
from typing import Any

from lib.graph import grid, search
from lib.graph.methods import BY_KEY, UNTRAINED, Row
from lib.slices.base import Base, take, to_json


class RankingSlices(Base):
    """Slices of the jobs that ground, evaluate and select hyperparameters."""

    def ranking(self) -> dict[str, Any]:
        """Return the mask of the ranking, and the seed of ties."""
        return take(self.config["ranking"], ("mask", "tie_seed"))

    def ground(self, grounded: str) -> str:
        """Return the slice for ranking results by distances; titles of the history are one text for each row."""
        return to_json(self.ranking() if grounded in UNTRAINED else self.grounding())

    def grounding(self) -> dict[str, Any]:
        """Return the mask of the ranking, the seed of ties, and the distance unless it is to the first text."""
        own, found = self.config["generation"], self.ranking()
        if own["grounding"] != "first":
            found["distance"] = own["grounding"]
        if own["grounding"] == "softmin":
            found["temperature"] = own["softmin_temperature"]
        return found

    def unmasked(self) -> str:
        """Return the slice for grounding without a mask, as for self-distilled titles."""
        return to_json({"mask": "none", "tie_seed": self.config["ranking"]["tie_seed"]})

    def embed_histories(self, key: str) -> str:
        """Return the slice for embeddings of histories: of the last title, or of all titles of the window."""
        return to_json({"titles": BY_KEY[key].history})

    def cutoffs(self) -> str:
        """Return the slice with the K of H@K and NG@K."""
        return to_json({"cutoffs": self.config["ranking"]["cutoffs"]})

    def select_candidate(self, row: Row) -> str:
        """Return the slice for selecting a tuned row's candidate by validation metrics, averaged over the seeds."""
        seeds = search.choosing_seeds(self.config)
        return self.choice(row.setting, grid.candidates(self.config, row), seeds, ["H@10", "NG@10"])

    def select_hyperparameter(self, model: str) -> str:
        """Return the slice for selecting the hyperparameter of an ID-based model, with the tuning seed."""
        values, seeds = search.candidates(self.config, model), [self.config["tuning_seed"]]
        return self.choice(search.SEARCHES[model].setting, values, seeds, [self.config["sasrec"]["metric"]])

    def choice(self, name: str, values: Sequence[float | None], seeds: list[int], metrics: list[str]) -> str:
        """Return the slice with the candidates, in the order of their training logs, and the metrics to compare."""
        candidates = [{"value": value, "seed": seed} for value in values for seed in seeds]
        return to_json({"name": name, "candidates": candidates, "metrics": metrics})

    def copy_selected_model(self, model: str) -> str:
        """Return the slice for copying the selected candidate's model."""
        return to_json({"name": search.SEARCHES[model].setting, "values": search.candidates(self.config, model)})
