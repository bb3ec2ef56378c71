"""Choice of the engine that computes updates: plain torch or DeepSpeed."""

from torch import nn

from softrec.core.devices import prepare_training
from softrec.tuning.engine import EngineSettings, OptimiserSettings, TorchEngine


def start_engine(
    module: nn.Module, optimiser: OptimiserSettings, engine: EngineSettings, micro_batch_size: int, accumulation: int
) -> TorchEngine:
    """Start the configured engine. DeepSpeed is imported only where it is used, because the import takes seconds."""
    prepare_training(next(module.parameters()).device)
    if engine.kind == "torch":
        return TorchEngine(module, optimiser)
    from softrec.tuning.deepspeed_engine import DeepSpeedEngine

    return DeepSpeedEngine(module, optimiser, engine.zero_stage, micro_batch_size, accumulation)
