"""Slices of grounding, evaluation and choices on validation."""

from typing import Any

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
