"""Training runs in the ranks of one job: `ranks_run.py FOLDER SPECIFICATIONS`, a JSON list.

Each run tunes an adapter of the tiny test model, for epochs of two updates on six rows. Rank 0 writes
FOLDER/NAME.json: the adapter as numbers, and for SOFT tau by epoch and what the un-tuned model says and embeds, for
S-DPO the reference and how many batches of it rank 0 asked for, for LLaRA the projector. A specification has a name,
the engine's settings, epochs, dropout and micro batch, and possibly a method ("sdpo") or a backbone ("llara", whose
item embeddings are FOLDER/items.safetensors), a constant tau, a device other than the CPU, settings of the loop, or
which rank sends itself which signal when.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from common import files
from common.process import rank, world_size
from conftest import make_tiny_llm
from softrec.core import distributed
from softrec.decoding.generation import GenerationSettings, generate
from softrec.io.checkpoints import Checkpoint
from softrec.llm.backbones import llara
from softrec.llm.embeddings import embed
from softrec.llm.language_model import LoraSettings, adapter_state, attach_lora, load_backbone
from softrec.llm.log_likelihood import ResponseLikelihood
from softrec.tuning.checkpointing import Saver
from softrec.tuning.curriculum import SelfAdaptive
from softrec.tuning.engine import EngineSettings
from softrec.tuning.epoch_loop import LoopSettings, Tuner
from softrec.tuning.objectives import SoftObjective
from softrec.tuning.schedule import Constant
from softrec.tuning.start_engine import start_engine
from softrec.tuning.strategies import sdpo
from softrec.tuning.strategies.sdpo import SdpoObjective
from tuning_run import LOOP, OPTIMISER, PREFERENCES, PROMPTS, RESPONSES, Scripted, as_after_sft, flat

SOFT = SelfAdaptive(1.0, "exponential", 8.0, lambda llm: 8.0 / (1.0 + float(flat(adapter_state(llm)).norm())))


def tuner(folder: Path, how: dict[str, Any]) -> Tuner:
    """Epochs of two updates of a fresh adapter; for S-DPO of one as after SFT."""
    llm = make_tiny_llm()()
    llm.model.to(how.get("device", "cpu"))
    llm = replace(llm, backbone=load_backbone(how.get("backbone", "bigrec")))
    llm = attach_lora(llm, LoraSettings(4, 8, how["dropout"], ["q_proj", "v_proj"]), seed=1)
    prompts, preferred = PROMPTS, how.get("method") == "sdpo"
    if preferred:
        as_after_sft(llm)
    if llm.backbone is llara:
        llara.begin(llm, [folder / "items.safetensors"], seed=1)
        prompts = with_items(PROMPTS, llara.rows_of_embedding(llm.causal))
    module = ResponseLikelihood(llm.model, llm.backbone)
    accumulation = -(-LOOP["global_batch_size"] // (how["micro"] * world_size()))
    engine = start_engine(module, OPTIMISER, EngineSettings(**how["engine"]), how["micro"], accumulation)
    own = {"epochs": how["epochs"], "micro_batch_size": how["micro"], **how.get("loop", {})}
    loop = LoopSettings(**{**LOOP, **own})
    if not preferred:
        return Tuner(llm, engine, prompts, RESPONSES, SoftObjective(loop.loss_reduction), loop)
    objective, batches = asked(lambda: sdpo.objective(1.0, llm, prompts, PREFERENCES, loop))
    run = Tuner(llm, engine, prompts, PREFERENCES, objective, loop)
    run.asked = batches  # type: ignore[attr-defined]
    return run


def asked(make: Callable[[], SdpoObjective]) -> tuple[SdpoObjective, int]:
    """The objective, and how many batches of the reference this rank has run."""
    batches: list[int] = []

    def count(module: torch.nn.Module, _: Any) -> None:
        batches.extend([1] * isinstance(module, ResponseLikelihood))

    counting = torch.nn.modules.module.register_module_forward_pre_hook(count)
    objective = make()
    counting.remove()
    return objective, len(batches)


def with_items(prompts: list[list[int]], start: int) -> list[list[int]]:
    """Prompts with items 1, 2, ... behind their tokens from the second on: one in the shortest, six in the longest."""
    return [[*x[:1], *(i for k, token in enumerate(x[1:], 1) for i in (token, start + k))] for x in prompts]


def dying(run: Tuner, victim: int, update: int, number: int) -> None:
    """Let one rank send itself a signal before an update, once."""
    step, made = run.updater.update, []

    def update_or_die(*arguments: Any) -> Any:
        made.append(1)
        if rank() == victim and len(made) == update:
            os.kill(os.getpid(), number)
        return step(*arguments)

    run.updater.update = update_or_die  # type: ignore[method-assign]


def answers(run: Tuner) -> dict[str, Any]:
    """What the un-tuned model says to prompts of different lengths, two at once, and embeddings of what it says."""
    texts = [answer.text for answer in generate(run.llm, [*PROMPTS, *PROMPTS[:3]], GenerationSettings(2, 6, 2))]
    return {"texts": texts, "z": embed(run.llm, [f"{text} {i}" for i, text in enumerate(texts)], 2).tolist()}


def facts(run: Tuner, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The adapter after a run, and what its method has beside it."""
    state = adapter_state(run.llm)
    found = {"adapter": flat({name: tensor for name, tensor in state.items() if "lora_" in name}).tolist()}
    if isinstance(run.objective, SdpoObjective):
        return {**found, "reference": run.objective.reference.tolist(), "asked": run.asked}
    if run.llm.backbone is llara:
        found["projector"] = flat({name: tensor for name, tensor in state.items() if "projector" in name}).tolist()
    return {**found, "tau": [line["tau"] for line in lines[:-1]]}


def main(folder: Path, specification: dict[str, Any]) -> None:
    """Train, and write the adapter."""
    output = folder / f"{specification['name']}.json"
    run = tuner(folder, specification)
    if "dies" in specification:
        dying(run, *specification["dies"])
    saver = Saver(Checkpoint(folder / specification["name"], "k" * 64), minutes=0)
    preferred = isinstance(run.objective, SdpoObjective)
    said = {} if preferred or run.llm.backbone is llara else answers(run)
    tau = specification.get("tau")
    schedule = SOFT if tau is None and not preferred else Constant(tau)
    lines = run.fit(schedule, Scripted(*[(0.1, 0.1)] * specification["epochs"]), saver)
    files.write_json(output, {**facts(run, lines), **said})


if __name__ == "__main__":
    torch.set_num_threads(1)
    signal.alarm(300)  # no test may hang
    with distributed.process_group():
        for one in json.loads(sys.argv[2]):
            main(Path(sys.argv[1]), one)
