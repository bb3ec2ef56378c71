"""Slices of the rules that run a language model."""

from collections.abc import Mapping
from typing import Any

from lib.graph.methods import TUNED
from lib.slices.base import take, to_json
from lib.slices.ranking import RankingSlices

OPTIMISER = ("learning_rate", "warmup_steps", "weight_decay", "gradient_clip")
LOOP = (
    "epochs",
    "patience",
    "micro_batch_size",
    "loss_reduction",
    "share_prompt",
    "checkpoint_select",
)
ARITHMETIC = ("precision", "kernels")  # how a base model computes, for every job
GENERATION = ("beams", "max_new_tokens", "length_penalty", "batch_size")
TINY = ("vocabulary", "hidden", "layers", "heads", "context", "steps", "batch_size", "block", "learning_rate", "seed")


class LlmSlices(RankingSlices):
    """Slices of the jobs that pre-train, prompt, embed with or tune a language model."""

    def tiny_llm(self, dataset: str) -> str:
        """Return the slice for pre-training the demo's base model."""
        return to_json({**take(self.llm(dataset), TINY), "words": self.dataset(dataset)["words"]})

    def recommender(self, dataset: str, backbone: str) -> dict[str, Any]:
        """Return the settings of prompts and generation.

        A backbone with longer responses gets a larger token limit, so that its prompts are cut at the same length.
        """
        generation = take(self.config["generation"], GENERATION)
        more = (self.longest(backbone) or generation["max_new_tokens"]) - generation["max_new_tokens"]
        generation["max_new_tokens"] += more
        return {
            "backbone": backbone,
            **take(self.llm(dataset), ARITHMETIC),
            "words": self.dataset(dataset)["words"],
            "max_tokens": self.config["tuning"]["max_tokens"] + more,
            "generation": generation,
            # Only if it is true, so that the slices of other models are what they were before the key existed.
            **({"chat_template": True} if self.llm(dataset).get("chat_template") else {}),
        }

    def longest(self, backbone: str) -> int | None:
        """Return the backbone's own limit on the tokens of a response, or None."""
        return self.config["generation"]["max_new_tokens_llara"] if backbone == "llara" else None

    def answering(self, dataset: str, backbone: str) -> dict[str, Any]:
        """Return the settings of prompts and generation for validation and test rows.

        Self-distilled data and d_t are the free text of the best beam: `recommender` is for these. Defaults are left
        out, so that slices are what they were before the keys existed.
        """
        own = self.config["generation"]
        constrained = {"constrained": own["constrained"]} if own["constrained"] != "none" else {}
        texts = {"texts": "all"} if own["grounding"] != "first" else {}
        return {**self.recommender(dataset, backbone), **constrained, **texts}

    def predict(self, dataset: str, backbone: str) -> str:
        """Return the slice for predicting titles of validation or test rows by a language model, tuned or not."""
        return to_json(self.answering(dataset, backbone))

    def self_distil(self, dataset: str, backbone: str) -> str:
        """Return the slice for a language model's texts for training rows."""
        return to_json(self.recommender(dataset, backbone))

    def titles(self, dataset: str) -> str:
        """Return the slice for embedding titles with the untuned language model."""
        return self.encoding(self.llm(dataset))

    def encoding(self, llm: Mapping[str, Any]) -> str:
        """Return the slice for embedding texts with an untuned language model."""
        batch_size = self.config["generation"]["batch_size"]
        return to_json({"backbone": "plain", **take(llm, ARITHMETIC), "batch_size": batch_size})

    def initial_distance(self, dataset: str, backbone: str, seed: str) -> str:
        """Return the slice for measuring d_0, which also draws the rows of every d_t."""
        return to_json(
            {
                "recommender": self.recommender(dataset, backbone),
                "distance_rows": self.config["soft"]["distance_rows"],
                "seed": self.config["samples"]["seed"],
                "tuning_seed": int(seed),
            }
        )

    def tuning(self, dataset: str, backbone: str, seed: str, section: str = "tuning") -> dict[str, Any]:
        """Return the settings of one tuning run, those of `tuning` but for keys of the strategy's own section."""
        batch = {"global_batch_size": self.dataset(dataset)["global_batch_size"]}
        return {
            "recommender": self.answering(dataset, backbone),
            "lora": self.config["lora"],
            "optimiser": self.own("tuning", section, OPTIMISER),
            "loop": {**self.own("tuning", section, LOOP), **batch, "seed": int(seed)},
            "grounding": self.grounding(),
        }

    def tune(self, name: str, dataset: str, backbone: str, seed: str, candidate: str | None = None) -> str:
        """Return the slice for one run of a strategy, with its candidate if its rows have a grid."""
        how = TUNED[name]
        tuning = self.tuning(dataset, backbone, seed, how.section)
        options: dict[str, Any] = take(self.config[how.section], how.options) if how.options else {}
        if "warmup" in options:  # a share of all updates, in place of a number of steps
            tuning["optimiser"]["warmup_steps"] = 0
        if candidate is not None:
            options[how.setting] = float(candidate)
        return to_json({"tuning": tuning, "strategy": how.module, "options": options, "from_sft": how.from_sft})

    def cot(self, dataset: str) -> str:
        """Return the slice for generating LLM-CF's chains of thought."""
        own = take(self.config["llm_cf"], ("rows", "max_tokens", "max_new_tokens"))
        ours = {"words": self.dataset(dataset)["words"], **take(self.llm(dataset), ARITHMETIC)}
        batch_size = self.config["generation"]["batch_size"]
        return to_json({**own, **ours, "seed": self.config["samples"]["seed"], "batch_size": batch_size})

    def text_encoder(self, dataset: str) -> str:
        """Return the slice for embedding texts for LLM-CF."""
        return self.encoding(self.config["llms"][self.config["llm_cf"]["text_encoder"] or self.dataset(dataset)["llm"]])
