"""Slices of grounding, evaluation and choices on validation."""

from typing import Any

from lib.graph import search
from lib.slices.base import Base, take, text


class RankingSlices(Base):
    """Grounding, evaluation, choices on validation."""

    def grounding(self) -> dict[str, Any]:
        """What takes items out of a ranking, and what breaks ties."""
        return take(self.config["ranking"], ("mask", "tie_seed"))

    def unmasked(self) -> str:
        """Grounding with no item taken out: what a text says by itself."""
        return text({"mask": "none", "tie_seed": self.config["ranking"]["tie_seed"]})

    def cutoffs(self) -> str:
        """The K of H@K and NG@K."""
        return text({"cutoffs": self.config["ranking"]["cutoffs"]})

    def select_alpha(self) -> str:
        """Which alpha of SOFT validation chooses: the best on the mean of all seeds, which are trained anyway."""
        seeds = search.choosing_seeds(self.config)
        return self.choice("alpha", self.config["soft"]["alphas"], seeds, ["H@10", "NG@10"])

    def select_hyperparameter(self, model: str) -> str:
        """Which candidate validation chooses for a model over item ids: that of the tuning seed."""
        values, seeds = search.candidates(self.config, model), [self.config["tuning_seed"]]
        return self.choice(search.SEARCHES[model].setting, values, seeds, [self.config["sasrec"]["metric"]])

    def choice(self, name: str, values: list[float], seeds: list[int], metrics: list[str]) -> str:
        """Candidates in the order of their training logs, and the metrics that they are compared by."""
        candidates = [{"value": value, "seed": seed} for value in values for seed in seeds]
        return text({"name": name, "candidates": candidates, "metrics": metrics})

    def copy_selected_model(self, model: str) -> str:
        """The chosen candidate's model."""
        return text({"name": search.SEARCHES[model].setting, "values": search.candidates(self.config, model)})
