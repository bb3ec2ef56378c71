"""What takes a loss to an update: AdamW, warm-up, clipping, in one process of plain torch."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class OptimiserSettings:
    """AdamW with a linear warm-up to a constant rate; gradients clipped to a global norm."""

    learning_rate: float
    warmup_steps: int
    weight_decay: float
    gradient_clip: float


class TorchEngine:
    """One process: forward, backward, step.

    The losses are already normalised over the global batch, so parts of a batch are simply added up.
    """

    rank, world = 0, 1

    def __init__(self, module: nn.Module, settings: OptimiserSettings) -> None:
        self.module = module
        self.parameters = [p for p in module.parameters() if p.requires_grad]
        self.clip = settings.gradient_clip
        fused = self.parameters[0].is_cuda
        self.optimiser = torch.optim.AdamW(
            self.parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=fused
        )
        warm = max(settings.warmup_steps, 1)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, lambda step: min(1.0, (step + 1) / warm))

    def __call__(self, batch: Any) -> torch.Tensor:
        """The module's output for a batch."""
        return self.module(batch)

    def backward(self, loss: torch.Tensor) -> None:
        """Add this part's gradient."""
        loss.backward()

    def step(self) -> float:
        """Clip, update, advance the schedule, forget the gradient. Returns the norm before clipping."""
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.clip)
        self.optimiser.step()
        self.schedule.step()
        self.optimiser.zero_grad(set_to_none=True)
        return float(norm)

    def state_dict(self) -> dict[str, Any]:
        """Optimiser and schedule, for an exact resume."""
        return {"optimiser": self.optimiser.state_dict(), "schedule": self.schedule.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take a state of `state_dict` back."""
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
