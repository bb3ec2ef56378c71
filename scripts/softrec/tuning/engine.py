"""What takes a loss to an update: AdamW with warm-up and clipping, over all ranks of a job, in plain torch.

Losses are already normalised over the global batch, so gradients of parts are added up: over micro batches and over
ranks. `softrec.tuning.deepspeed_engine` computes the same updates with DeepSpeed.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from softrec.core import distributed
from softrec.io.weights import require_same


@dataclass(frozen=True)
class OptimiserSettings:
    """AdamW with a linear warm-up to a constant or a falling rate; gradients clipped to a global norm.

    Attributes:
        warmup_steps: updates until the rate is `learning_rate`.
        cosine_steps: updates, warm-up included, after which a rate that falls along a cosine is zero; None keeps it
            constant.
    """

    learning_rate: float
    warmup_steps: int
    weight_decay: float
    gradient_clip: float
    cosine_steps: int | None = None

    def rate(self, steps: int) -> float:
        """The learning rate of the update that follows `steps` updates, as transformers' schedulers count.

        That is `constant_with_warmup`, or `cosine` with `cosine_steps`. The first update of a warm-up has rate zero.
        """
        if steps < self.warmup_steps:
            return self.learning_rate * steps / self.warmup_steps
        if self.cosine_steps is None:
            return self.learning_rate
        done = (steps - self.warmup_steps) / max(self.cosine_steps - self.warmup_steps, 1)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


@dataclass(frozen=True)
class EngineSettings:
    """How updates are computed, which does not change what they are but for rounding.

    Attributes:
        kind: plain torch, or DeepSpeed's ZeRO with optimiser states (stage 1) and gradients (stage 2) split over ranks.
        ranks: how many processes the job must have.
        checkpoint_minutes: time between two checkpoints inside an epoch.
        gradient_checkpointing: compute activations twice instead of keeping them: less memory, a third more time.
        deterministic: let a GPU add in the same order each time, so that a resumed run ends with the same bits.
    """

    kind: Literal["torch", "deepspeed"] = "torch"
    ranks: int = 1
    zero_stage: Literal[1, 2] = 2
    checkpoint_minutes: float = 10.0
    gradient_checkpointing: bool = False
    deterministic: bool = False


class TorchEngine:
    """Forward, backward, step in plain torch; with several ranks gradients are added up before the step.

    Attributes:
        module: what is trained.
        parameters: its trainable parameters, in the module's order.
        steps: updates so far.
    """

    fills = False  # whether every rank must run as many micro batches as every other

    def __init__(self, module: nn.Module, settings: OptimiserSettings) -> None:
        self.module, self.settings = module, settings
        self.parameters = [p for p in module.parameters() if p.requires_grad]
        self.steps = 0
        self.optimiser = adamw(self.parameters, settings)

    def __call__(self, batch: Any) -> torch.Tensor:
        """The module's output for a batch."""
        return self.module(batch)

    def backward(self, loss: torch.Tensor) -> None:
        """Add this part's gradient."""
        loss.backward()

    def step(self) -> float:
        """Add up over ranks, clip, update, forget the gradient. Returns the norm before clipping."""
        for parameter in self.parameters:
            if parameter.grad is None:  # a rank whose share of a short batch was empty
                parameter.grad = torch.zeros_like(parameter)
        distributed.all_reduce_tensors([parameter.grad for parameter in self.parameters if parameter.grad is not None])
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.settings.gradient_clip)
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.rate(self.steps)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.steps += 1
        return float(norm)

    def state_dict(self) -> dict[str, Any]:
        """What an exact resume needs, the same whatever the engine and the number of ranks: updates so far, and
        AdamW's two moments of each parameter, on the CPU.
        """
        state = self.optimiser.state
        moments = {
            name: [state[p][name].detach().cpu().clone() for p in self.parameters if p in state] for name in MOMENTS
        }
        return {"steps": self.steps, **moments}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take a state of `state_dict` back; the parameters themselves are there already."""
        require_moments(state, self.parameters)
        self.steps = state["steps"]
        if not self.steps:
            return
        per_parameter = {
            i: {"step": torch.tensor(float(self.steps)), **{name: state[name][i] for name in MOMENTS}}
            for i in range(len(self.parameters))
        }
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": per_parameter, "param_groups": groups})


MOMENTS = ("exp_avg", "exp_avg_sq")


def require_moments(state: dict[str, Any], parameters: list[nn.Parameter]) -> None:
    """Raise `SoftrecError` unless a state of `state_dict` holds two moments of each parameter, in its shape."""
    wanted = parameters if state["steps"] else []
    for name in MOMENTS:
        require_same(
            {f"{name} of tensor {i}": tuple(moment.shape) for i, moment in enumerate(state[name])},
            {f"{name} of tensor {i}": tuple(parameter.shape) for i, parameter in enumerate(wanted)},
            "AdamW's state in the checkpoint",
            "remove the checkpoint's folder, and the run begins anew",
        )


def adamw(parameters: list[nn.Parameter], settings: OptimiserSettings) -> torch.optim.AdamW:
    """AdamW by torch itself, fused on a GPU: nothing has to be compiled when a job starts."""
    fused = parameters[0].is_cuda
    return torch.optim.AdamW(
        parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=fused or None
    )
