"""The same updates with DeepSpeed's ZeRO (Rajbhandari et al., 2020): optimiser states and gradients are sharded."""

import logging
import os
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from common.process import world_size
from softrec.core import distributed
from softrec.tuning.engine import MOMENTS, OptimiserSettings, TorchEngine, adamw, require_moments

if not torch.cuda.is_available():
    os.environ.setdefault("DS_ACCELERATOR", "cpu")
os.environ.setdefault("DS_LOG_LEVEL", "warning")

import deepspeed
from deepspeed.utils import logger, safe_get_full_optimizer_state, safe_set_full_optimizer_state

logger.setLevel(logging.WARNING)
if not torch.cuda.is_available():
    # Use gloo only: otherwise DeepSpeed compiles its shared-memory collective for CPUs at the first start, and a job
    # killed during the compilation leaves a lock behind on which all later jobs hang.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False


class DeepSpeedEngine(TorchEngine):
    """Forward, backward and optimiser step by DeepSpeed.

    DeepSpeed divides gradients by the number of ranks and of micro-batches. Losses are already normalised over the
    global batch, so they are scaled up by the same factor. DeepSpeed counts micro-batches itself, so every rank must
    run the same number of micro-batches for each update.

    Args:
        module, optimiser: as for `TorchEngine`.
        stage: 1 shards optimiser states over ranks, 2 gradients as well. Each rank holds the whole model.
        micro_batch_size, accumulation: rows of a micro-batch, and micro-batches of each rank per update.
    """

    fills = True

    def __init__(
        self, module: nn.Module, optimiser: OptimiserSettings, stage: int, micro_batch_size: int, accumulation: int
    ) -> None:
        self.module, self.settings = module, optimiser
        self.parameters = [p for p in module.parameters() if p.requires_grad]
        self.steps = 0
        if not dist.is_initialized():
            distributed.start_single_process_group()  # DeepSpeed itself would need a free port for it
        self.engine, *_ = deepspeed.initialize(
            model=module,
            model_parameters=self.parameters,
            optimizer=adamw(self.parameters, optimiser),
            config=configuration(stage, micro_batch_size, accumulation, optimiser.gradient_clip),
        )
        self.scale = world_size() * accumulation

    def __call__(self, batch: Any) -> torch.Tensor:
        """The module's output for a batch."""
        return self.engine(batch)

    def backward(self, loss: torch.Tensor) -> None:
        """Accumulate the gradient of a micro-batch; the last micro-batch of an update also makes the update."""
        self.engine.backward(loss * self.scale)
        # The learning rate is set by hand, as in TorchEngine: DeepSpeed is given no scheduler.
        if self.engine.is_gradient_accumulation_boundary():
            for group in self.engine.optimizer.param_groups:
                group["lr"] = self.settings.rate(self.steps)
            self.steps += 1
        self.engine.step()  # counts a micro-batch; updates the parameters only at a boundary

    def step(self) -> float:
        """Return the gradient norm before clipping of the last update, which the last `backward` has made."""
        return float(self.engine.get_global_grad_norm())

    def state_dict(self) -> dict[str, Any]:
        """Return the same as `TorchEngine.state_dict`, gathered from all ranks: every rank must call it."""
        moments = {
            name: [safe_get_full_optimizer_state(p, name).cpu().clone() for p in self.parameters if self.steps]
            for name in MOMENTS
        }
        return {"steps": self.steps, **moments}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state of `state_dict`, saved by either engine with any number of ranks.

        Raises:
            SoftrecError: the moments do not match the parameters.
        """
        require_moments(state, self.parameters)
        self.steps = state["steps"]
        zero = self.engine.optimizer
        zero.refresh_fp32_params()  # ZeRO copied the weights when it was built, before the checkpoint's were loaded
        if not self.steps:
            return
        for part in zero.single_partition_of_fp32_groups:
            moments = {name: torch.zeros_like(part) for name in MOMENTS}
            # Fused AdamW keeps its step counter on the GPU, other variants on the CPU.
            step = torch.tensor(float(self.steps), device=part.device if part.is_cuda else "cpu")
            zero.optimizer.state[part] = {"step": step, **moments}  # zeros, filled by safe_set_full_optimizer_state
        zero._lazy_init_hp_params_optimizer_state()
        for name in MOMENTS:
            for parameter, moment in zip(self.parameters, state[name], strict=True):
                safe_set_full_optimizer_state(parameter, moment.to(parameter.device), name)


def configuration(stage: int, micro_batch_size: int, accumulation: int, gradient_clip: float) -> dict[str, Any]:
    """Return DeepSpeed's configuration: global batch = world x micro-batch x accumulation.

    Neither fp16 nor bf16 is enabled: frozen weights keep the precision in which they were loaded, and LoRA is fp32.
    """
    return {
        "train_batch_size": world_size() * micro_batch_size * accumulation,
        "train_micro_batch_size_per_gpu": micro_batch_size,
        "gradient_accumulation_steps": accumulation,
        "gradient_clipping": gradient_clip,
        "zero_allow_untested_optimizer": True,
        "zero_optimization": {
            "stage": stage,
            "overlap_comm": torch.cuda.is_available(),
            "contiguous_gradients": True,
            "reduce_bucket_size": 50_000_000,
        },
        "steps_per_print": 1_000_000_000,  # never: progress is logged by the epoch loop
    }
