"""Slices of the ID-based sequential recommenders."""

from typing import Any

from lib.graph import search
from lib.slices.base import Base, take, text

SHAPE = ("dim", "blocks", "heads", "dropout")
FIT = ("learning_rate", "batch_size", "epochs", "patience", "metric")
IN_CONTEXT = ("weight", "reconstruct_weight")
DISTILLATION = ("lam", "ed_weight", "position_lambda", "gamma_position", "gamma_confidence", "gamma_consistency")


class SequentialSlices(Base):
    """Slices of training and ranking for SASRec and the methods that extend it."""

    def shape(self) -> dict[str, Any]:
        """Return the shape of the encoder, which all models share, and the settings of the ranking."""
        ranking = take(self.config["ranking"], ("mask", "tie_seed"))
        return {**take(self.config["sasrec"], SHAPE), "length": self.config["split"]["history"], **ranking}

    def fit(self, model: str, seed: str) -> dict[str, Any]:
        """Return the settings of training, which all models share."""
        cutoffs = self.config["ranking"]["cutoffs"]
        return {
            **self.shape(),
            **take(self.config["sasrec"], FIT),
            "model": model,
            "seed": int(seed),
            "cutoffs": cutoffs,
        }

    def trained(self, model: str, name: str, training: str) -> dict[str, Any]:
        """Return the settings of one training run, and its candidate, or null for the selected hyperparameter."""
        value, seed = search.training(training)
        candidate = None if value is None else float(value)
        return {"fit": self.fit(name, seed), search.SEARCHES[model].setting: candidate}

    def fit_sasrec(self, training: str) -> str:
        """Return the slice of one training run of SASRec."""
        return text(self.trained("sasrec", "SASRec", training))

    def fit_dros(self, training: str) -> str:
        """Return the slice of one training run of DROS."""
        own = take(self.config["dros"], ("beta", "popularity_power"))
        return text({**self.trained("dros", "DROS", training), **own})

    def fit_dllm2rec(self, training: str) -> str:
        """Return the slice of one training run of DLLM2Rec."""
        distillation = take(self.config["dllm2rec"], DISTILLATION)
        return text({**self.trained("dllm2rec", "DLLM2Rec", training), "distillation": distillation})

    def nearest_items(self) -> str:
        """Return the slice for the nearest items of DLLM2Rec's teacher; items that the user has seen are not masked."""
        ranking = {"mask": "none", "tie_seed": self.config["ranking"]["tie_seed"]}
        return text({"items": self.config["dllm2rec"]["teacher_items"], **ranking})

    def in_context(self) -> dict[str, Any]:
        """Return the settings of LLM-CF's in-context module."""
        return take(self.config["llm_cf"], IN_CONTEXT)

    def sampled(self, model: str, name: str, training: str) -> dict[str, Any]:
        """Return the settings of one training run with LLM-CF's loss and dropout."""
        own = self.config["llm_cf"]
        trained = self.trained(model, name, training)
        return {**trained, "fit": {**trained["fit"], "dropout": own["dropout"]}, "negatives": own["negatives"]}

    def fit_llm_cf(self, training: str) -> str:
        """Return the slice of one training run of LLM-CF."""
        return text({**self.sampled("llm-cf", "LLM-CF", training), "in_context": self.in_context()})

    def fit_sasrec_softmax(self, training: str) -> str:
        """Return the slice of one training run of SASRec with LLM-CF's loss."""
        return text(self.sampled("sasrec-softmax", "SASRec (sampled softmax)", training))

    def retrieve_examples(self) -> str:
        """Return the slice for retrieving LLM-CF's in-context examples."""
        own = self.config["llm_cf"]
        return text(
            {
                "length": self.config["split"]["history"],
                "examples_per_label": own["examples_per_label"],
                "centred": own["centred_similarity"],
                "seed": self.config["samples"]["seed"],
            }
        )

    def rank_llm_cf(self) -> str:
        """Return the slice for ranking by LLM-CF."""
        own = self.config["llm_cf"]
        return text({"rank": {**self.shape(), "dropout": own["dropout"]}, "weight": own["weight"]})

    def rank_sequential(self) -> str:
        """Return the slice for ranking by any other model."""
        return text(self.shape())
