"""What tests of the epoch loop share: six rows, a tuner with a fresh adapter, and validators that follow a script."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from softrec.io.checkpoints import Checkpoint
from softrec.llm.language_model import LanguageModel, LoraSettings, adapter_state, attach_lora
from softrec.llm.log_likelihood import ResponseLikelihood
from softrec.tuning.checkpointing import Saver
from softrec.tuning.engine import OptimiserSettings, TorchEngine
from softrec.tuning.epoch_loop import LoopSettings, Tuner
from softrec.tuning.objectives import SoftObjective

# Six rows: prompts of 2 to 7 tokens, labels of 2 to 4 and self-distilled responses of 1 to 3 (2 is EOS).
PROMPTS = [[1, 20, 21], [1, 30], [1, 40, 41, 42, 43, 44, 45], [1, 50, 51, 52], [1, 60, 61], [1, 70, 71, 72, 73]]
RESPONSES = {
    "y": [[80, 81, 2], [82, 2], [83, 84, 85, 2], [86, 2], [87, 88, 2], [89, 2]],
    "yhat": [[90, 2], [91, 92, 2], [2], [93, 94, 2], [95, 2], [96, 97, 2]],
}
PREFERENCES = {
    "chosen": [[80, 81, 2], [82, 2], [83, 84, 85, 2], [86, 2], [87, 88, 2], [89, 2]],
    "rejected 1": [[90, 2], [91, 92, 2], [93, 2], [94, 95, 2], [96, 2], [97, 98, 2]],
    "rejected 2": [[70, 2], [71, 72, 2], [73, 2], [74, 75, 2], [76, 2], [77, 78, 2]],
}
LOOP = {
    "seed": 5,
    "epochs": 2,
    "patience": 10,
    "global_batch_size": 4,
    "micro_batch_size": 4,
    "loss_reduction": "mean",
    "share_prompt": True,
    "checkpoint_select": "last",
}
OPTIMISER = OptimiserSettings(learning_rate=5e-3, warmup_steps=2, weight_decay=0.01, gradient_clip=0.5)


def new_tuner(
    new_llm: Callable[[], LanguageModel],
    responses: dict[str, Any] = RESPONSES,
    dropout: float = 0.0,
    engine: type[TorchEngine] = TorchEngine,
    **loop: Any,
) -> Tuner:
    """A tuner of a fresh adapter, with settings that differ from `LOOP` by `loop`."""
    llm = attach_lora(new_llm(), LoraSettings(4, 8, dropout, ["q_proj", "v_proj"]), seed=1)
    running = engine(ResponseLikelihood(llm.model, llm.backbone), OPTIMISER)
    settings = LoopSettings(**{**LOOP, **loop})
    return Tuner(llm, running, PROMPTS, responses, SoftObjective(settings.loss_reduction), settings)


def as_after_sft(llm: LanguageModel) -> LanguageModel:
    """An adapter that is not zero, always the same: S-DPO starts from one."""
    with torch.random.fork_rng():
        torch.manual_seed(4)
        with torch.no_grad():
            for parameter in llm.model.parameters():
                if parameter.requires_grad:
                    parameter.normal_(0, 0.1)
    return llm


def flat(state: dict[str, torch.Tensor]) -> torch.Tensor:
    """All tensors of an adapter in one."""
    return torch.cat([tensor.flatten() for tensor in state.values()])


class NoCheckpoint(Saver):
    """Keeps nothing."""

    def __init__(self) -> None:
        super().__init__(Checkpoint(Path("nothing"), "none"), minutes=1e9)

    def load(self) -> None:
        """There is never anything to resume from."""

    def save(self, state: dict[str, Any]) -> None:
        """Forget the state."""


class Scripted:
    """A validator that says what it was told to and keeps the adapter of each epoch. An exception is raised."""

    def __init__(self, *results: tuple[float, float] | Exception) -> None:
        self.results = list(results)
        self.adapters: list[torch.Tensor] = []

    def __call__(self, llm: LanguageModel) -> dict[str, float]:
        """H@10 and NG@10 of the next epoch."""
        result = self.results[len(self.adapters)]
        self.adapters.append(flat(adapter_state(llm)))
        if isinstance(result, Exception):
            raise result
        return {"H@10": result[0], "NG@10": result[1]}


def fitted(tuner: Tuner, schedule: Any, results: Sequence[Any] = ((0.1, 0.1),) * 9) -> torch.Tensor:
    """The adapter after `fit` without checkpoints."""
    tuner.fit(schedule, Scripted(*results), NoCheckpoint())
    return flat(adapter_state(tuner.llm))
