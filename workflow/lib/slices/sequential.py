"""Slices of the models over item ids."""

from typing import Any

from lib.graph import search
from lib.slices.base import Base, take, text

SHAPE = ("dim", "blocks", "heads", "dropout")
FIT = ("learning_rate", "batch_size", "epochs", "patience", "metric")
IN_CONTEXT = ("weight", "reconstruct_weight")
DISTILLATION = ("lam", "ed_weight", "position_lambda", "gamma_position", "gamma_confidence", "gamma_consistency")


class SequentialSlices(Base):
    """Training and ranking by models over item ids: SASRec, and those that are SASRec with something added."""

    def shape(self) -> dict[str, Any]:
        """The encoder, which all of them share, and what is ranked."""
        ranking = take(self.config["ranking"], ("mask", "tie_seed"))
        return {**take(self.config["sasrec"], SHAPE), "length": self.config["split"]["history"], **ranking}

    def fit(self, model: str, seed: str) -> dict[str, Any]:
        """How each of them is trained."""
        cutoffs = self.config["ranking"]["cutoffs"]
        return {
            **self.shape(),
            **take(self.config["sasrec"], FIT),
            "model": model,
            "seed": int(seed),
            "cutoffs": cutoffs,
        }

    def trained(self, model: str, name: str, training: str) -> dict[str, Any]:
        """One training run of a model: how it is trained, and its candidate, or null for the chosen one."""
        value, seed = search.training(training)
        candidate = None if value is None else float(value)
        return {"fit": self.fit(name, seed), search.SEARCHES[model].setting: candidate}

    def fit_sasrec(self, training: str) -> str:
        """One training run of SASRec."""
        return text(self.trained("sasrec", "SASRec", training))

    def fit_dros(self, training: str) -> str:
        """One training run of DROS."""
        own = take(self.config["dros"], ("beta", "popularity_power"))
        return text({**self.trained("dros", "DROS", training), **own})

    def fit_dllm2rec(self, training: str) -> str:
        """One training run of DLLM2Rec."""
        distillation = take(self.config["dllm2rec"], DISTILLATION)
        return text({**self.trained("dllm2rec", "DLLM2Rec", training), "distillation": distillation})

    def nearest_items(self) -> str:
        """How many items the teacher of DLLM2Rec names: of all, also of those that the user has had."""
        ranking = {"mask": "none", "tie_seed": self.config["ranking"]["tie_seed"]}
        return text({"items": self.config["dllm2rec"]["teacher_items"], **ranking})

    def in_context(self) -> dict[str, Any]:
        """LLM-CF's in-context module."""
        return take(self.config["llm_cf"], IN_CONTEXT)

    def sampled(self, model: str, name: str, training: str) -> dict[str, Any]:
        """One training run of a model with LLM-CF's loss, and its dropout."""
        own = self.config["llm_cf"]
        trained = self.trained(model, name, training)
        return {**trained, "fit": {**trained["fit"], "dropout": own["dropout"]}, "negatives": own["negatives"]}

    def fit_llm_cf(self, training: str) -> str:
        """One training run of LLM-CF."""
        return text({**self.sampled("llm-cf", "LLM-CF", training), "in_context": self.in_context()})

    def fit_sasrec_softmax(self, training: str) -> str:
        """One training run of SASRec with LLM-CF's loss."""
        return text(self.sampled("sasrec-softmax", "SASRec (sampled softmax)", training))

    def retrieve_examples(self) -> str:
        """Retrieval of LLM-CF's in-context examples."""
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
        """Ranking by LLM-CF."""
        own = self.config["llm_cf"]
        return text({"rank": {**self.shape(), "dropout": own["dropout"]}, "weight": own["weight"]})

    def rank_sequential(self) -> str:
        """Ranking by any of them."""
        return text(self.shape())
