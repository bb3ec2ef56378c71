"""Validation of a language model: generate, embed, ground, rank all items (paper, section 4.1, all-ranking)."""

from collections.abc import Sequence
from dataclasses import dataclass

from softrec.decoding.answering import Answering
from softrec.evaluation.beam_grounding import texts_of
from softrec.evaluation.grounding import Grounding
from softrec.evaluation.metrics import summary
from softrec.llm.language_model import LanguageModel

CUTOFFS = (1, 5, 10, 20)


@dataclass(frozen=True)
class Validator:
    """Validation of any model on the same rows.

    Attributes:
        prompts: token ids of the B prompts.
        rows: the columns of the B validation rows.
        grounding: ranks the catalogue by the distance of its title embeddings to the generated titles.
        answering: how titles are predicted, as for test rows.
    """

    prompts: Sequence[Sequence[int]]
    rows: dict[str, list]
    grounding: Grounding
    answering: Answering

    def __call__(self, llm: LanguageModel) -> dict[str, float]:
        """Return H@K and NG@K of the validation rows, for K in `CUTOFFS`."""
        titled = self.answering.titled(self.answering.ask(llm, self.prompts, "validate"))
        z = self.answering.embed(llm, titled)
        texts = texts_of(z, [own.scores for own in titled], self.grounding.settings)
        return summary(self.grounding.rank(texts, self.rows).rank, CUTOFFS)
