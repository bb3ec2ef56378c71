"""A tuning run from input files to adapter and log, by any strategy."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import SoftrecError
from common.files import atomic_write
from common.log import info
from common.process import world_size
from softrec.core.devices import use_deterministic_algorithms
from softrec.decoding.answering import answering
from softrec.decoding.recommender import Recommender, open_recommender, wrap
from softrec.evaluation.beam_grounding import grounding_by
from softrec.evaluation.device_grounding import device_grounding_by
from softrec.io.checkpoints import Checkpoint
from softrec.job import program
from softrec.job.settings import read_settings
from softrec.llm.language_model import LanguageModel, attach_lora, save_adapter
from softrec.llm.log_likelihood import ResponseLikelihood
from softrec.splits.samples import load_items, load_rows, load_seen, load_title_embeddings
from softrec.tuning.checkpointing import Saver
from softrec.tuning.engine import EngineSettings, TorchEngine
from softrec.tuning.epoch_loop import Tuner
from softrec.tuning.objectives import Objective, SoftObjective
from softrec.tuning.settings import StrategySettings, TuningFiles, TuningSettings
from softrec.tuning.start_engine import start_engine
from softrec.tuning.strategy import Strategy
from softrec.tuning.validation import Validator

if TYPE_CHECKING:
    import datasets


def start(
    paths: TuningFiles,
    settings: StrategySettings,
    sft_adapter: Sequence[Path] | None,
    item_embeddings: Sequence[Path] | None,
) -> Recommender:
    """Load the model that a run starts from: SFT and SOFT start from the base model (section 3.3), S-DPO from SFT's.

    Args:
        paths: the files of the run.
        settings: the settings of the run.
        sft_adapter: the trained SFT adapter, if the run starts from it.
        item_embeddings: the weights of one SASRec model, if a fresh adapter of LLaRA is attached.

    Raises:
        SoftrecError: the adapter is given and not needed, or needed and not given.
    """
    given, tuning = list(sft_adapter or []), settings.tuning
    if len(given) != settings.from_sft:
        found = f"{settings.strategy} has from_sft {settings.from_sft}, and {len(given)} adapters are given"
        raise SoftrecError(found, where="--start", remedy="give the SFT adapter if from_sft is true, else none")
    items = load_items(paths.catalogue)
    if given:
        return open_recommender(paths.llm, items, tuning.recommender, given[0], trainable=True)
    base = open_recommender(paths.llm, items, tuning.recommender)
    llm = attach_lora(base.llm, tuning.lora, tuning.loop.seed)
    llm.backbone.begin(llm, item_embeddings, tuning.loop.seed)
    return wrap(llm, items, tuning.recommender)


def validator(paths: TuningFiles, recommender: Recommender, settings: TuningSettings) -> Validator:
    """Build the validator on the sampled validation rows and the stored title embeddings."""
    count = recommender.items.count
    rows, seen = load_rows(paths.valid, count), load_seen(paths.interactions, count)
    titles = load_title_embeddings(paths.titles, recommender.items)
    catalogue, device = (titles, recommender.items.title_id, seen, settings.grounding), recommender.llm.device
    grounding = grounding_by(*catalogue) if device.type == "cpu" else device_grounding_by(*catalogue, device)
    return Validator(recommender.prompts(rows), rows.to_dict(), grounding, answering(recommender))


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


def engine_for(recommender: Recommender, by: Strategy, how: EngineSettings) -> TorchEngine:
    """Start the engine that trains a recommender's adapter by a strategy."""
    llm, settings = recommender.llm, by.settings
    if how.gradient_checkpointing:
        recompute_activations(llm)
    sizes = settings.loop.micro_batch_size, settings.loop.global_batch_size
    accumulation = -(-sizes[1] // (world_size() * sizes[0]))
    likelihood = ResponseLikelihood(llm.model, llm.backbone, by.smoothing)
    return start_engine(likelihood, settings.optimiser, how, sizes[0], accumulation)


def recompute_activations(llm: LanguageModel) -> None:
    """Enable gradient checkpointing: only the inputs of layers are stored; the gradients are the same."""
    llm.causal.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})


def tune(
    paths: TuningFiles, key: str, how: EngineSettings, recommender: Recommender, train: "datasets.Dataset", by: Strategy
) -> None:
    """Tune, from the last checkpoint if there is one, write adapter and log, and remove the checkpoints.

    Args:
        paths: the files of the run.
        key: the run's identity (`checkpoints.run_key`): checkpoints of another key are ignored.
        how: the settings of the engine.
        recommender: the model with its adapter and the catalogue.
        train: the training rows.
        by: the strategy: responses, schedule, objective and settings of the run.
    """
    llm, loop = recommender.llm, by.settings.loop
    prompts = recommender.prompts(train, by.responses)
    engine = engine_for(recommender, by, how)
    trainable = sum(parameter.numel() for parameter in engine.parameters)
    info(f"{trainable:,} trainable parameters of {llm.model.num_parameters():,}")
    objective: Objective = (
        by.new_objective(llm, prompts, by.responses, loop) if by.new_objective else SoftObjective(loop.loss_reduction)
    )
    tuner = Tuner(llm, engine, prompts, by.responses, objective, loop)
    checkpoint = Checkpoint(paths.adapter, key)
    saver = Saver(checkpoint, how.checkpoint_minutes)
    lines = tuner.fit(by.schedule(), validator(paths, recommender, by.settings), saver)
    save_adapter(llm, paths.adapter)
    with atomic_write(paths.log) as partial:
        partial.write_text("".join(json.dumps(line, allow_nan=False) + "\n" for line in lines))
    program.after_success(checkpoint.clear)  # after the manifests are written: until then the checkpoint may be needed
