"""Slices of the rules that put finished models to use."""

import json
from typing import Any

from lib.graph import inputs
from lib.slices.base import to_json
from lib.slices.llm import LlmSlices
from lib.slices.results import METRICS
from lib.slices.sequential import SequentialSlices

RECOMMENDED = 10  # titles per history


class UseSlices(LlmSlices, SequentialSlices):
    """Slices of recommendations, exports, lists of titles and files for other tools."""

    def recommend(self, dataset: str, backbone: str) -> str:
        """Return the slice for recommending titles for given histories."""
        own = {"recommender": self.answering(dataset, backbone), "grounding": self.grounding()}
        return to_json({**own, "window": self.config["split"]["history"], "k": RECOMMENDED})

    def export(self, dataset: str, model: str) -> str:
        """Return the slice for exporting an adapter; the settings of its tuning are in its manifest."""
        statistics, llm = self.config["statistics"], self.llm(dataset)
        return to_json(
            {
                "model": model,
                "dataset": self.dataset(dataset)["label"],
                "repository": llm["repository"] if llm["kind"] == "hub" else None,
                "window": self.config["split"]["history"],
                "cutoffs": sorted({int(name.partition("@")[2]) for name in METRICS}),
                "resamples": statistics["resamples"],
                "seed": statistics["seed"],
            }
        )

    def top(self, k: str, ranking: str | dict[str, Any]) -> str:
        """Return the slice of a ranking with the number of titles to list."""
        own = json.loads(ranking) if isinstance(ranking, str) else ranking
        return to_json({**own, "k": int(k)})

    def top_grounded(self, grounded: str, k: str) -> str:
        """Return the slice for listing the titles nearest to generated ones."""
        return self.top(k, self.ground(grounded))

    def top_sequential(self, model: str, k: str) -> str:
        """Return the slice for listing the best titles of an ID-based recommender."""
        return self.top(k, self.rank_sequential(model))

    def top_llm_cf(self, k: str) -> str:
        """Return the slice for listing the best titles of LLM-CF."""
        return self.top(k, self.rank_llm_cf())

    def training_curves(self) -> str:
        """Return the names of the training runs in TensorBoard: their folders below the run's."""
        return to_json({"names": inputs.training_runs(self.config)})

    def crate(self) -> str:
        """Return the name of the run."""
        return to_json({"run": self.config["run"]})
