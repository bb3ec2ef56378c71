"""Validation of a language model: generate, embed, ground, count (paper, section 4.1, all-ranking)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from softrec.embeddings import embed
from softrec.generation import GenerationSettings, generate
from softrec.grounding import Grounding
from softrec.language_model import LanguageModel
from softrec.metrics import summary
from softrec.prompts import title_in

CUTOFFS = (1, 5, 10, 20)


@dataclass(frozen=True)
class Validator:
    """Everything that validation needs but the model: B prompts, their rows, and the catalogue's embeddings."""

    prompts: Sequence[Sequence[int]]
    rows: dict[str, list]
    grounding: Grounding
    generation: GenerationSettings

    def __call__(self, llm: LanguageModel) -> dict[str, float]:
        """H@K and NG@K of the validation rows."""
        texts = generate(llm, self.prompts, self.generation, "validate")
        z = embed(llm, [title_in(generated.text) for generated in texts], self.generation.batch_size)
        return summary(self.grounding.rank(z, self.rows).rank, CUTOFFS)


@dataclass(frozen=True)
class DistanceProbe:
    """d_t on M fixed training rows: their prompts, and the embeddings z(y) of their true titles (section 3.2)."""

    prompts: Sequence[Sequence[int]]
    z_target: np.ndarray
    generation: GenerationSettings

    def __call__(self, llm: LanguageModel) -> float:
        """d_t of the model as it is now: the average distance between what it says and the truth."""
        from softrec.curriculum import distance

        texts = generate(llm, self.prompts, self.generation, "measure d_t")
        z = embed(llm, [title_in(generated.text) for generated in texts], self.generation.batch_size)
        return distance(z, self.z_target)
