"""Validation of a language model: generate, embed, ground, rank all items (paper, section 4.1, all-ranking)."""

from collections.abc import Sequence
from dataclasses import dataclass

from softrec.decoding.generation import GenerationSettings, generate
from softrec.evaluation.grounding import Grounding
from softrec.evaluation.metrics import summary
from softrec.llm.embeddings import embed
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import extract_title

CUTOFFS = (1, 5, 10, 20)


@dataclass(frozen=True)
class Validator:
    """Validation of any model on the same rows.

    Attributes:
        prompts: token ids of the B prompts.
        rows: the columns of the B validation rows.
        grounding: ranks the catalogue by the distance of its title embeddings to the generated title.
        generation: decoding settings.
    """

    prompts: Sequence[Sequence[int]]
    rows: dict[str, list]
    grounding: Grounding
    generation: GenerationSettings

    def __call__(self, llm: LanguageModel) -> dict[str, float]:
        """Return H@K and NG@K of the validation rows, for K in `CUTOFFS`."""
        texts = generate(llm, self.prompts, self.generation, "validate")
        z = embed(llm, [extract_title(generated.text) for generated in texts], self.generation.batch_size)
        return summary(self.grounding.rank(z, self.rows).rank, CUTOFFS)
