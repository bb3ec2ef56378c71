"""A tuning run from input files to adapter and log, for SFT, SOFT and S-DPO."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.errors import SoftrecError
from common.files import atomic_write
from common.log import info
from common.process import world_size
from softrec.core.devices import use_deterministic_algorithms
from softrec.decoding.recommender import Recommender, RecommenderSettings, open_recommender, wrap
from softrec.evaluation.device_grounding import DeviceGrounding
from softrec.evaluation.grounding import Grounding, GroundingSettings
from softrec.io.checkpoints import Checkpoint
from softrec.io.tables import read_table
from softrec.job import program
from softrec.job.settings import read_settings
from softrec.llm.language_model import LanguageModel, LoraSettings, attach_lora, save_adapter
from softrec.llm.log_likelihood import ResponseLikelihood
from softrec.splits.samples import load_items, load_rows, load_seen, load_title_embeddings
from softrec.tuning.checkpointing import Saver
from softrec.tuning.engine import EngineSettings, OptimiserSettings, TorchEngine
from softrec.tuning.epoch_loop import LoopSettings, Tuner
from softrec.tuning.objectives import Objective, SoftObjective
from softrec.tuning.schedule import Schedule
from softrec.tuning.start_engine import start_engine
from softrec.tuning.validation import Validator

NewObjective = Callable[[LanguageModel, list[list[int]], dict[str, list[list[int]]], LoopSettings], Objective]


@dataclass(frozen=True)
class TuningSettings:
    """Settings of a tuning run: prompts and decoding, LoRA, optimiser, epoch loop, and grounding in validation."""

    recommender: RecommenderSettings
    lora: LoraSettings
    optimiser: OptimiserSettings
    loop: LoopSettings
    grounding: GroundingSettings


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


def start(paths: TuningFiles, settings: TuningSettings, item_embeddings: Sequence[Path] | None = None) -> Recommender:
    """Load the base model and attach a fresh adapter: SFT and SOFT both start from the base model (section 3.3).

    LLaRA also needs `item_embeddings`, the weights of one SASRec model.
    """
    items = load_items(paths.catalogue)
    base = open_recommender(paths.llm, items, settings.recommender)
    llm = attach_lora(base.llm, settings.lora, settings.loop.seed)
    llm.backbone.begin(llm, item_embeddings, settings.loop.seed)
    return wrap(llm, items, settings.recommender)


def start_from_sft(paths: TuningFiles, settings: TuningSettings, adapter: Path) -> Recommender:
    """Load the base model with the trained SFT adapter, from which S-DPO starts (section 4.1)."""
    items = load_items(paths.catalogue)
    return open_recommender(paths.llm, items, settings.recommender, adapter, trainable=True)


def validator(paths: TuningFiles, recommender: Recommender, settings: TuningSettings) -> Validator:
    """Build the validator on the sampled validation rows and the stored title embeddings."""
    count = recommender.items.count
    rows, seen = load_rows(paths.valid, count), load_seen(paths.interactions, count)
    titles = load_title_embeddings(paths.titles, recommender.items)
    catalogue, device = (titles, recommender.items.title_id, seen, settings.grounding), recommender.llm.device
    grounding = Grounding(*catalogue) if device.type == "cpu" else DeviceGrounding(*catalogue, device)
    return Validator(recommender.prompts(rows), rows.to_dict(), grounding, recommender.generation)


def self_distilled_responses(path: Path, recommender: Recommender, rows: int) -> list[list[int]]:
    """Return token ids of the responses yhat, the raw generated texts, in the order of the training rows.

    Raises:
        SoftrecError: the file does not hold one text per training row, in that order.
    """
    table = read_table(path, ["row", "text"])
    held, remedy = table["row"].to_pylist(), f"remove {path} and let Snakemake make it again"
    if len(held) != rows:
        raise SoftrecError(f"{path} holds {len(held)} texts for {rows} training rows", remedy=remedy)
    for row, found in enumerate(held):
        if found != row:
            raise SoftrecError(f"{path} holds row {found} where row {row} should be", remedy=remedy)
    return [recommender.encoder.raw_response(text) for text in table["text"].to_pylist()]


def engine_settings(text: str) -> EngineSettings:
    """Read the engine settings from JSON and apply `deterministic`.

    Raises:
        SoftrecError: the job does not have the configured number of ranks.
    """
    how = read_settings(text, EngineSettings)
    if how.ranks != world_size():
        raise SoftrecError(
            f"the engine is configured for {how.ranks} rank(s), and this job has {world_size()}",
            where="engine.ranks, and how the script was started",
            remedy=f"start it as `python scripts/launch_ranks.py --ranks {how.ranks} SCRIPT ...`",
        )
    program.note("engine", {"kind": how.kind, "ranks": how.ranks, "deterministic": how.deterministic})
    if how.deterministic:
        use_deterministic_algorithms()
    return how


def engine_for(recommender: Recommender, settings: TuningSettings, how: EngineSettings) -> TorchEngine:
    """Start the engine that trains a recommender's adapter."""
    llm = recommender.llm
    if how.gradient_checkpointing:
        recompute_activations(llm)
    sizes = settings.loop.micro_batch_size, settings.loop.global_batch_size
    accumulation = -(-sizes[1] // (world_size() * sizes[0]))
    likelihood = ResponseLikelihood(llm.model, llm.backbone)
    return start_engine(likelihood, settings.optimiser, how, sizes[0], accumulation)


def recompute_activations(llm: LanguageModel) -> None:
    """Enable gradient checkpointing: only the inputs of layers are stored; the gradients are the same."""
    llm.causal.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})


def tune(
    paths: TuningFiles,
    key: str,
    how: EngineSettings,
    settings: TuningSettings,
    recommender: Recommender,
    responses: dict[str, list[list[int]]],
    schedule: Callable[[], Schedule],
    new_objective: NewObjective | None = None,
) -> None:
    """Tune, from the last checkpoint if there is one, write adapter and log, and remove the checkpoints.

    Args:
        paths: the files of the run.
        key: the run's identity (`checkpoints.run_key`): checkpoints of another key are ignored.
        how: the settings of the engine.
        settings: the settings of the run.
        recommender: the model with its adapter and the catalogue.
        responses: token ids of each kind of response, in the order of the training rows.
        schedule: builds the schedule of tau; called when the model is ready.
        new_objective: builds the objective; L_SOFT by default.
    """
    llm, loop = recommender.llm, settings.loop
    prompts = recommender.prompts(load_rows(paths.train, recommender.items.count), responses)
    engine = engine_for(recommender, settings, how)
    trainable = sum(parameter.numel() for parameter in engine.parameters)
    info(f"{trainable:,} trainable parameters of {llm.model.num_parameters():,}")
    objective: Objective = (
        new_objective(llm, prompts, responses, loop) if new_objective else SoftObjective(loop.loss_reduction)
    )
    tuner = Tuner(llm, engine, prompts, responses, objective, loop)
    checkpoint = Checkpoint(paths.adapter, key)
    saver = Saver(checkpoint, how.checkpoint_minutes)
    lines = tuner.fit(schedule(), validator(paths, recommender, settings), saver)
    save_adapter(llm, paths.adapter)
    with atomic_write(paths.log) as partial:
        partial.write_text("".join(json.dumps(line, allow_nan=False) + "\n" for line in lines))
    program.after_success(checkpoint.clear)  # after the manifests are written: until then the checkpoint may be needed
