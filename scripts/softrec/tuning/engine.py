"""Optimiser updates in plain torch: AdamW with warm-up and gradient clipping, data-parallel over ranks.

Losses are already normalised over the global batch, so gradients are summed, not averaged, over micro-batches and
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
    """AdamW with linear warm-up to a constant or cosine learning rate, and clipping of the gradient's global norm.

    Attributes:
        learning_rate: after the warm-up.
        warmup_steps: updates until the rate is `learning_rate`.
        weight_decay: AdamW's.
        gradient_clip: the largest global norm of the gradient.
        cosine_steps: updates, warm-up included, after which a cosine schedule reaches zero; None keeps the rate
            constant.
    """

    learning_rate: float
    warmup_steps: int
    weight_decay: float
    gradient_clip: float
    cosine_steps: int | None = None

    def rate(self, steps: int) -> float:
        """Return the learning rate of the update after `steps` updates, counted as in transformers' schedulers.

        The schedule is transformers' `constant_with_warmup`, or `cosine` with `cosine_steps`. The first update of a
        warm-up has rate zero.
        """
        if steps < self.warmup_steps:
            return self.learning_rate * steps / self.warmup_steps
        if self.cosine_steps is None:
            return self.learning_rate
        done = (steps - self.warmup_steps) / max(self.cosine_steps - self.warmup_steps, 1)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


@dataclass(frozen=True)
class EngineSettings:
    """How updates are computed; these settings change the updates only by rounding.

    Attributes:
        kind: plain torch, or DeepSpeed's ZeRO.
        ranks: number of processes that the job must have.
        zero_stage: 1 shards optimiser states over ranks, 2 gradients as well.
        checkpoint_minutes: time between two checkpoints inside an epoch.
        gradient_checkpointing: recompute activations instead of storing them: less memory, a third more time.
        deterministic: use deterministic GPU kernels, so that a resumed run ends with the same bits.
    """

    kind: Literal["torch", "deepspeed"] = "torch"
    ranks: int = 1
    zero_stage: Literal[1, 2] = 2
    checkpoint_minutes: float = 10.0
    gradient_checkpointing: bool = False
    deterministic: bool = False


class TorchEngine:
    """Forward, backward and optimiser step in plain torch; gradients are summed over ranks before the step.

    Attributes:
        module: the module that is trained.
        parameters: its trainable parameters, in the module's order.
        steps: updates so far.
    """

    fills = False  # whether every rank must run the same number of micro-batches for each update

    def __init__(self, module: nn.Module, settings: OptimiserSettings) -> None:
        self.module, self.settings = module, settings
        self.parameters = [p for p in module.parameters() if p.requires_grad]
        self.steps = 0
        self.optimiser = adamw(self.parameters, settings)

    def __call__(self, batch: Any) -> torch.Tensor:
        """The module's output for a batch."""
        return self.module(batch)

    def backward(self, loss: torch.Tensor) -> None:
        """Accumulate the gradient of a micro-batch."""
        loss.backward()

    def step(self) -> float:
        """Sum gradients over ranks, clip, update and reset them. Return their global norm before clipping."""
        for parameter in self.parameters:
            if parameter.grad is None:  # this rank had no micro-batch, and the all_reduce needs its tensor
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
        """Return the number of updates and AdamW's two moments of each parameter, on the CPU.

        An exact resume needs no more. The state does not depend on the engine or the number of ranks.
        """
        state = self.optimiser.state
        moments = {
            name: [state[p][name].detach().cpu().clone() for p in self.parameters if p in state] for name in MOMENTS
        }
        return {"steps": self.steps, **moments}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state of `state_dict`; the caller restores the parameters themselves.

        Raises:
            SoftrecError: the moments do not match the parameters.
        """
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
    wanted = parameters if state["steps"] else []  # AdamW has no moments before its first step
    for name in MOMENTS:
        require_same(
            {f"{name} of tensor {i}": tuple(moment.shape) for i, moment in enumerate(state[name])},
            {f"{name} of tensor {i}": tuple(parameter.shape) for i, parameter in enumerate(wanted)},
            "AdamW's state in the checkpoint",
            "remove the checkpoint's folder, and the run begins anew",
        )


def adamw(parameters: list[nn.Parameter], settings: OptimiserSettings) -> torch.optim.AdamW:
    """Return torch's AdamW with one kernel per step; unlike DeepSpeed's, it needs no compilation when a job starts."""
    return torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True)
