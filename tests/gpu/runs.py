"""Updates of an adapter on rows of the paper's lengths: 150 to 250 tokens of prompt, titles of 6 to 14."""

import numpy as np
import torch

from gpu_fixtures import DEVICE
from softrec.llm.language_model import LanguageModel, LoraSettings, adapter_state, attach_lora
from softrec.llm.log_likelihood import ResponseLikelihood
from softrec.tuning.batches import Arithmetic
from softrec.tuning.engine import OptimiserSettings, TorchEngine
from softrec.tuning.epoch_loop import LoopSettings
from softrec.tuning.objectives import SoftObjective
from softrec.tuning.run import recompute_activations
from softrec.tuning.schedule import EpochFacts
from softrec.tuning.update import Update, Updater
from tuning_run import LOOP, flat

ROWS, MICRO = 16, 8
PROMPT = (150, 250) if DEVICE.type == "cuda" else (15, 25)  # a rehearsal is short
OPTIMISER = OptimiserSettings(learning_rate=1e-3, warmup_steps=0, weight_decay=0.01, gradient_clip=1.0)


def rows() -> tuple[list[list[int]], dict[str, list[list[int]]]]:
    """Prompts and two kinds of responses, of token ids below 400."""
    rng = np.random.default_rng(2)
    prompts = [[1, *rng.integers(3, 400, rng.integers(*PROMPT)).tolist()] for _ in range(ROWS)]
    responses = {
        kind: [[*rng.integers(3, 400, rng.integers(5, 14)).tolist(), 2] for _ in range(ROWS)] for kind in ("y", "yhat")
    }
    return prompts, responses


class Run:
    """An adapter being tuned, update by update.

    Args:
        llm: a model without an adapter. dropout: LoRA's.
    """

    def __init__(self, llm: LanguageModel, tau: float, dropout: float = 0.0, recompute: bool = False) -> None:
        self.llm = attach_lora(llm, LoraSettings(8, 16, dropout, ["q_proj", "v_proj"]), seed=1)
        if recompute:
            recompute_activations(self.llm)
        self.engine = TorchEngine(ResponseLikelihood(self.llm.model, self.llm.backbone), OPTIMISER)
        settings = LoopSettings(**{**LOOP, "global_batch_size": ROWS, "micro_batch_size": MICRO})
        arithmetic, objective = Arithmetic(ROWS, ROWS, MICRO, 1), SoftObjective(settings.loss_reduction)
        self.updater = Updater(self.llm, self.engine, *rows(), objective, settings.update, arithmetic)
        self.tau, self.steps = tau, 0

    def update(self) -> Update:
        """One more update on all rows."""
        self.llm.model.train()
        self.steps += 1
        return self.updater.update(np.arange(ROWS), EpochFacts(self.tau), 1, self.steps)

    def adapter(self) -> torch.Tensor:
        """The adapter's numbers, on the CPU."""
        return flat(adapter_state(self.llm))


def second_gradient(llm: LanguageModel, tau: float, recompute: bool = False) -> tuple[float, torch.Tensor]:
    """Loss and gradient of the second update, on the CPU: at the first one B is zero, and so is A's gradient.

    The update itself would divide each number by its size, and make much of differences between small ones.
    """
    run = Run(llm, tau, recompute=recompute)
    with torch.no_grad():
        for number, parameter in enumerate(run.engine.parameters):
            generator = torch.Generator().manual_seed(number)
            parameter.add_(0.02 * torch.randn(parameter.shape, generator=generator).to(parameter.device))
    run.engine.step = lambda: 0.0  # type: ignore[method-assign]
    loss = run.update().loss
    return loss, torch.cat([parameter.grad.flatten() for parameter in run.engine.parameters]).cpu()
