"""Validation of a language model: generate, embed, ground, count (paper, section 4.1, all-ranking)."""

from collections.abc import Sequence
from dataclasses import dataclass

from softrec.decoding.generation import GenerationSettings, generate
from softrec.evaluation.grounding import Grounding
from softrec.evaluation.metrics import summary
from softrec.llm.embeddings import embed
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import title_in

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
