"""An LLM as a recommender: rows in, titles out (paper, section 2.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from softrec.decoding.finished_texts import KeptAnswers
from softrec.decoding.generation import Generated, GenerationSettings, generate
from softrec.llm.base_model import Precision
from softrec.llm.embeddings import embed
from softrec.llm.kernels import Kernels
from softrec.llm.language_model import LanguageModel, load
from softrec.llm.prompts import Encoder, Words, check_context, encode_prompts, title_in
from softrec.splits.samples import Items

if TYPE_CHECKING:
    import datasets


@dataclass(frozen=True)
class RecommenderSettings:
    """What prompting and generating depend on: the same for tuning, self-distillation, d_t and test.

    `max_tokens` bounds prompt and generated text together; the prompt's share is what `max_new_tokens` leaves.
    """

    backbone: str
    precision: Precision
    words: Words
    max_tokens: int
    generation: GenerationSettings
    kernels: Kernels = "eager"


@dataclass(frozen=True)
class Recommender:
    """A language model with a data set's items and its way of writing prompts."""

    llm: LanguageModel
    items: Items
    encoder: Encoder
    generation: GenerationSettings

    def prompts(
        self, rows: "datasets.Dataset", responses: Mapping[str, Sequence[Sequence[int]]] | None = None
    ) -> list[list[int]]:
        """Prompt tokens x of each row: they leave room for a generated title, and for the row's `responses`, if given.

        Args:
            responses: response tokens of every row by kind, to be trained on; they are never cut, old history is.
        """
        place, context = partial(self.llm.backbone.place_items, self.llm), self.llm.context
        if responses is None:
            prompts = encode_prompts(rows, self.items, self.encoder, place)
        else:
            longest = [max(map(len, own)) for own in zip(*responses.values(), strict=True)]
            rooms = [context - tokens for tokens in longest]
            prompts = encode_prompts(rows, self.items, self.encoder, place, rooms)
            check_context(prompts, longest, context)
        check_context(prompts, [self.generation.max_new_tokens] * len(prompts), context)
        return prompts

    def labels(self, rows: "datasets.Dataset") -> list[list[int]]:
        """Label tokens y of each row: its target's title."""
        return [self.encoder.response(self.items.title[target]) for target in rows["target"]]

    def answer(self, rows: "datasets.Dataset", name: str, kept: KeptAnswers | None = None) -> list[Generated]:
        """What the model says to each row's prompt; `kept` is where a killed job goes on from."""
        return generate(self.llm, self.prompts(rows), self.generation, name, kept)

    def embed_titles(self, texts: Sequence[str]) -> np.ndarray:
        """z of the titles that texts say, from the un-tuned model: (n, D) float32."""
        return embed(self.llm, [title_in(text) for text in texts], self.generation.batch_size)


def open_recommender(
    folder: Path, items: Items, settings: RecommenderSettings, adapter: Path | None = None, *, trainable: bool = False
) -> Recommender:
    """Load the base model, with an adapter where one is given (to be tuned on, if `trainable`), for a catalogue."""
    llm = load(folder, settings.backbone, settings.precision, adapter, kernels=settings.kernels, trainable=trainable)
    return wrap(llm, items, settings)


def wrap(llm: LanguageModel, items: Items, settings: RecommenderSettings) -> Recommender:
    """A recommender around a language model that is in memory already.

    Raises `SoftrecError` if the model holds embeddings of another number of items than the catalogue.
    """
    llm.backbone.require_items(llm.causal, len(items.title) - 1)
    limit = settings.max_tokens - settings.generation.max_new_tokens
    encoder = Encoder(
        llm.tokenizer,
        settings.words,
        llm.backbone.item_text,
        limit,
        getattr(llm.backbone, "PLACEHOLDER", None),
    )
    return Recommender(llm, items, encoder, settings.generation)
