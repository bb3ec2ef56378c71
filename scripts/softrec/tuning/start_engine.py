"""Which engine computes updates."""

from torch import nn

from softrec.tuning.engine import EngineSettings, OptimiserSettings, TorchEngine


def start_engine(
    module: nn.Module, optimiser: OptimiserSettings, engine: EngineSettings, micro_batch_size: int, accumulation: int
) -> TorchEngine:
    """The engine that the settings name. DeepSpeed is imported only where it is asked for: it takes seconds."""
    if engine.kind == "torch":
        return TorchEngine(module, optimiser)
    from softrec.tuning.deepspeed_engine import DeepSpeedEngine

    return DeepSpeedEngine(module, optimiser, engine.zero_stage, micro_batch_size, accumulation)
