"""Decoding of validation and test rows: free or constrained to titles, with the best text or with all beams'.

Self-distilled data, the teacher's titles and d_t are about the free text of the best beam, whatever is configured
here: the paper's yhat is the text that the model generates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from softrec.decoding.finished_texts import GenerationCheckpoint
from softrec.decoding.generation import Beam, GenerationSettings, generate_beams
from softrec.decoding.recommender import Recommender
from softrec.decoding.title_trie import TitleTrie, catalogue_trie
from softrec.llm.embeddings import embed
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import extract_title


class Titled(NamedTuple):
    """The titles in the texts of a row's beams, best first, and the beams' scores."""

    titles: list[str]
    scores: list[float]


@dataclass(frozen=True)
class Answering:
    """How titles are predicted by any model.

    Attributes:
        generation: decoding settings, with W beams.
        trie: the titles that may be generated, or None for free text.
        every_beam: whether all beams' titles are predictions, or the best one's alone.
    """

    generation: GenerationSettings
    trie: TitleTrie | None = None
    every_beam: bool = False

    def ask(
        self, llm: LanguageModel, prompts: Sequence[Sequence[int]], name: str, kept: GenerationCheckpoint | None = None
    ) -> list[list[Beam]]:
        """Generate texts for each prompt: W or fewer, best first, or the best one."""
        most = self.generation.beams if self.every_beam else 1
        return generate_beams(llm, prompts, self.generation, name, kept, self.trie, most)

    def titled(self, answers: Sequence[Sequence[Beam]]) -> list[Titled]:
        """Return the titles of each row's beams.

        A beam without a title is left out, unless the row has no other: then its best beam, an empty title, is left.
        """
        # A text of the trie is a title in quotes, which may itself begin or end with quotes or blanks.
        name = (lambda text: text[1:-1]) if self.trie else extract_title
        found = []
        for beams in answers:
            named = [(name(beam.text), beam.score) for beam in beams]
            titles, scores = zip(*([own for own in named if own[0]] or named[:1]), strict=True)
            found.append(Titled(list(titles), list(scores)))
        return found

    def embed(self, llm: LanguageModel, titled: Sequence[Titled]) -> np.ndarray:
        """Embed titles by the untuned model: (R, D) float32 of the best beams, or (R, W, D) of all beams.

        A row with fewer than W titles repeats its best one in the places left. With 1,000 rows, 4 beams and a width of
        3,072 these are 49 MB; with the 8,000 test rows of config/paper.yaml, 393 MB. Equal titles are computed once.
        """
        width = self.generation.beams if self.every_beam else 1
        texts = [title for own in titled for title in own.titles + own.titles[:1] * (width - len(own.titles))]
        z = embed(llm, texts, self.generation.batch_size)
        return z.reshape(len(titled), width, z.shape[1]) if self.every_beam else z


def answering(recommender: Recommender) -> Answering:
    """Return how a recommender answers validation and test rows; builds the trie of its catalogue if it needs one.

    Raises `SoftrecError` if a title does not fit in a generated text.
    """
    trie = None
    if recommender.constrained == "trie":
        most = recommender.generation.max_new_tokens
        trie = catalogue_trie(recommender.items.distinct, recommender.encoder, recommender.llm.ends, most)
    return Answering(recommender.generation, trie, recommender.texts == "all")
