"""A control of SOFT: tau has the scheduler's form, with the loss on validation rows in the place of the distance."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from common.errors import SoftrecError
from softrec.llm.language_model import LanguageModel
from softrec.llm.log_likelihood import of_responses
from softrec.splits.samples import load_rows
from softrec.tuning.curriculum import tau
from softrec.tuning.schedule import EpochFacts
from softrec.tuning.strategy import Strategy, TuningRun


@dataclass(frozen=True)
class Options:
    """alpha: how fast tau falls with the loss."""

    alpha: float


@dataclass(frozen=True)
class ByValidation:
    """tau = min(1, exp(alpha (L_t / L_0 - 1))), with the loss L_t on validation rows before epoch t.

    Attributes:
        alpha: how fast tau falls.
        loss_0: L_0, the loss of the base model.
        probe: measures L_t of a model. Before the first epoch the model is the base model, so L_t = L_0 and tau = 1.
    """

    alpha: float
    loss_0: float
    probe: Callable[[LanguageModel], float]

    def __call__(self, epoch: int, llm: LanguageModel) -> EpochFacts:
        """Return tau, L_t and L_0 of the epoch that is about to begin."""
        loss_t = self.loss_0 if epoch == 1 else self.probe(llm)
        if not (math.isfinite(loss_t) and math.isfinite(self.loss_0) and self.loss_0 > 0):
            what = f"tau is not defined for the losses L_t = {loss_t} and L_0 = {self.loss_0}"
            remedy = "lower tuning.learning_rate, or look at the validation rows"
            raise SoftrecError(what, where=f"the validation rows before epoch {epoch}", remedy=remedy)
        return EpochFacts(tau(loss_t, self.loss_0, self.alpha), loss_t=loss_t, loss_0=self.loss_0)


@dataclass(frozen=True)
class ValidationLoss:
    """L_t = -sum_i l(y_i) / N_y, the mean loss per token of the true titles of the validation rows.

    Attributes:
        prompts, titles: token ids of the rows' prompts and true titles.
        batch_size: rows of a batch of one rank.
    """

    prompts: list[list[int]]
    titles: list[list[int]]
    batch_size: int

    def __call__(self, llm: LanguageModel) -> float:
        """Return L_t of the model in its current state, by teacher forcing."""
        likelihood = of_responses(llm, self.prompts, {"y": self.titles}, self.batch_size, True, "validation loss")
        return -float(likelihood.double().sum()) / sum(map(len, self.titles))


def prepare(options: Options, run: TuningRun) -> Strategy:
    """Return the strategy: SOFT with tau = exp(alpha (L_t / L_0 - 1)), measured before each epoch."""
    responses = {"y": run.true_titles(), "yhat": run.self_distilled_titles()}
    model = run.recommender
    valid = load_rows(run.file("valid"), model.items.count)
    titles = model.labels(valid)
    probe = ValidationLoss(model.prompts(valid, {"y": titles}), titles, run.settings.loop.micro_batch_size)

    # Built before a checkpoint is loaded: a resumed run measures L_0 on the base model too.
    return Strategy(responses, lambda: ByValidation(options.alpha, probe(model.llm), probe), run.settings)
