"""An LLM as a recommender: from rows to titles (paper, section 2.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from softrec.decoding.finished_texts import GenerationCheckpoint
from softrec.decoding.generation import Generated, GenerationSettings, generate
from softrec.llm.base_model import Precision
from softrec.llm.chat import read_chat_template
from softrec.llm.embeddings import embed
from softrec.llm.kernels import Kernels
from softrec.llm.language_model import LanguageModel, load
from softrec.llm.prompts import Encoder, Words, check_context, encode_prompts, extract_title
from softrec.splits.samples import Items

if TYPE_CHECKING:
    import datasets

Constraint = Literal["none", "trie"]
Beams = Literal["first", "all"]


@dataclass(frozen=True)
class RecommenderSettings:
    """Settings of prompts and generation, the same for tuning, self-distillation, d_t and test.

    `max_tokens` limits prompt and generated text together; a prompt has at most `max_tokens` - `max_new_tokens` tokens.
    `chat_template` wraps the prompt in the tokeniser's chat template, and ends responses as it ends replies.
    `constrained` and `texts` are about validation and test rows alone (`softrec.decoding.answering`): whether their
    texts are titles of the catalogue, and whether all beams' texts are embedded or the best one's.
    """

    backbone: str
    precision: Precision
    words: Words
    max_tokens: int
    generation: GenerationSettings
    kernels: Kernels = "eager"
    chat_template: bool = False
    constrained: Constraint = "none"
    texts: Beams = "first"


@dataclass(frozen=True)
class Recommender:
    """A language model with the items of a data set, a prompt encoder and generation settings."""

    llm: LanguageModel
    items: Items
    encoder: Encoder
    generation: GenerationSettings
    constrained: Constraint = "none"
    texts: Beams = "first"

    def prompts(
        self, rows: "datasets.Dataset", responses: Mapping[str, Sequence[Sequence[int]]] | None = None
    ) -> list[list[int]]:
        """Encode the prompt x of each row, leaving room for a generated title and for the row's `responses`, if given.

        Args:
            rows: sampled sequences.
            responses: tokens of the rows' responses to train on, by kind; prompts lose old history so that they fit.

        Raises:
            SoftrecError: a prompt without history still does not fit.
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
        """Encode the label y of each row: its target's title and EOS."""
        return [self.encoder.response(self.items.title[target]) for target in rows["target"]]

    def generate(
        self, rows: "datasets.Dataset", name: str, kept: GenerationCheckpoint | None = None
    ) -> list[Generated]:
        """Generate a text for each row's prompt, freely; a killed job resumes from the batches in `kept`."""
        return generate(self.llm, self.prompts(rows), self.generation, name, kept)

    def embed_titles(self, texts: Sequence[str]) -> np.ndarray:
        """Embed the titles in generated texts by the untuned model: (n, D) float32."""
        return embed(self.llm, [extract_title(text) for text in texts], self.generation.batch_size)


def open_recommender(
    folder: Path, items: Items, settings: RecommenderSettings, adapter: Path | None = None, *, trainable: bool = False
) -> Recommender:
    """Load the base model, optionally with an adapter (which can be tuned further if `trainable`), for a catalogue."""
    llm = load(folder, settings.backbone, settings.precision, adapter, kernels=settings.kernels, trainable=trainable)
    return wrap(llm, items, settings)


def wrap(llm: LanguageModel, items: Items, settings: RecommenderSettings) -> Recommender:
    """Make a recommender of a loaded language model.

    Raises `SoftrecError` if the model has embeddings of another number of items than the catalogue, or if its chat
    template is asked for and cannot be used.
    """
    llm.backbone.require_items(llm.causal, len(items.title) - 1)
    chat = read_chat_template(llm.tokenizer) if settings.chat_template else None
    llm = replace(llm, end_of_turn=chat.end if chat else None)
    limit = settings.max_tokens - settings.generation.max_new_tokens
    encoder = Encoder(
        llm.tokenizer,
        settings.words,
        llm.backbone.item_text,
        limit,
        getattr(llm.backbone, "PLACEHOLDER", None),
        chat,
    )
    return Recommender(llm, items, encoder, settings.generation, settings.constrained, settings.texts)
