"""Slices of the ID-based sequential recommenders."""

from typing import Any

from lib.graph import search
from lib.graph.methods import BY_KEY, Row, network
from lib.slices.base import Base, take, to_json

SHAPE = ("dim", "blocks", "heads", "dropout")
FIT = ("learning_rate", "batch_size", "epochs", "patience", "metric")
IN_CONTEXT = ("weight", "reconstruct_weight")
DISTILLATION = ("lam", "ed_weight", "position_lambda", "gamma_position", "gamma_confidence", "gamma_consistency")


class SequentialSlices(Base):
    """Slices of training and ranking for SASRec and the methods that extend it."""

    def shape(self, section: str = "sasrec") -> dict[str, Any]:
        """Return the shape of a model's network, SASRec's but for keys of its own section, and the ranking."""
        ranking = take(self.config["ranking"], ("mask", "tie_seed"))
        return {**self.own("sasrec", section, SHAPE), "length": self.config["split"]["history"], **ranking}

    def fit(self, name: str, seed: str, section: str = "sasrec") -> dict[str, Any]:
        """Return the settings of training, SASRec's but for keys of the model's own section; `name` is for logs."""
        training = self.own("sasrec", section, FIT)
        cutoffs = self.config["ranking"]["cutoffs"]
        return {**self.shape(section), **training, "model": name, "seed": int(seed), "cutoffs": cutoffs}

    def trained(self, row: Row, training: str, section: str = "sasrec") -> dict[str, Any]:
        """Return the settings of one training run, and its candidate, or null for the selected hyperparameter."""
        value, seed = search.training(training)
        assert row.search
        candidate = None if value is None else float(value)
        return {"fit": self.fit(row.method, seed, section), row.search.setting: candidate}

    def fit_sequential(self, row: Row, training: str) -> str:
        """Return the slice of one training run of a method that reads only items."""
        assert row.fit
        how, found = row.fit, self.trained(row, training, row.fit.section)
        options = take(self.config[how.section], how.options)
        (setting,) = set(found) - {"fit"}
        searched = {"search": setting, "candidate": found[setting]}
        return to_json({"fit": found["fit"], "method": how.module, "options": options, **searched})

    def rank_sequential(self, model: str) -> str:
        """Return the slice for ranking by a model; those without a network of their own have SASRec's."""
        how = BY_KEY[model].fit
        return to_json({"rank": self.shape(how.section if how else "sasrec"), "network": network(model)})

    def fit_dllm2rec(self, training: str) -> str:
        """Return the slice of one training run of DLLM2Rec."""
        distillation = take(self.config["dllm2rec"], DISTILLATION)
        return to_json({**self.trained(BY_KEY["dllm2rec"], training), "distillation": distillation})

    def nearest_items(self) -> str:
        """Return the slice for the nearest items of DLLM2Rec's teacher; items that the user has seen are not masked."""
        ranking = {"mask": "none", "tie_seed": self.config["ranking"]["tie_seed"]}
        return to_json({"items": self.config["dllm2rec"]["teacher_items"], **ranking})

    def fit_llm_cf(self, training: str) -> str:
        """Return the slice of one training run of LLM-CF."""
        own = self.config["llm_cf"]
        trained = self.trained(BY_KEY["llm-cf"], training, "llm_cf")
        return to_json({**trained, "negatives": own["negatives"], "in_context": take(own, IN_CONTEXT)})

    def retrieve_examples(self) -> str:
        """Return the slice for retrieving LLM-CF's in-context examples."""
        own = self.config["llm_cf"]
        return to_json(
            {
                "length": self.config["split"]["history"],
                "examples_per_label": own["examples_per_label"],
                "centred": own["centred_similarity"],
                "seed": self.config["samples"]["seed"],
            }
        )

    def rank_llm_cf(self) -> str:
        """Return the slice for ranking by LLM-CF."""
        return to_json({"rank": self.shape("llm_cf"), "weight": self.config["llm_cf"]["weight"]})
