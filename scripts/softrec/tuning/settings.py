"""Settings and files of a tuning run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from softrec.decoding.recommender import RecommenderSettings
from softrec.evaluation.grounding import GroundingSettings
from softrec.llm.language_model import LoraSettings
from softrec.tuning.engine import OptimiserSettings
from softrec.tuning.epoch_loop import LoopSettings


@dataclass(frozen=True)
class TuningSettings:
    """Settings of a tuning run: prompts and decoding, LoRA, optimiser, epoch loop, and grounding in validation."""

    recommender: RecommenderSettings
    lora: LoraSettings
    optimiser: OptimiserSettings
    loop: LoopSettings
    grounding: GroundingSettings


@dataclass(frozen=True)
class StrategySettings:
    """Settings of a run by one of the strategies.

    Attributes:
        tuning: the settings of the tuning run.
        strategy: the strategy's module in `softrec.tuning.strategies`.
        options: the fields of the module's `Options`.
        from_sft: whether the run starts from the SFT adapter; else from the base model with a fresh adapter.
    """

    tuning: TuningSettings
    strategy: str
    options: dict[str, Any]
    from_sft: bool


@dataclass(frozen=True)
class TuningFiles:
    """The files of a tuning run, which writes `adapter` (a folder) and `log` and reads the others."""

    llm: Path
    catalogue: Path
    titles: Path
    interactions: Path
    train: Path
    valid: Path
    adapter: Path
    log: Path
