"""Training runs in the ranks of one job: `ranks_run.py FOLDER SPECIFICATIONS`, a JSON list.

Each run tunes the fresh adapter of the tiny test model for six epochs of two updates on six rows. Rank 0 writes
FOLDER/NAME.json: the adapter as numbers, tau by epoch, and what the un-tuned model says and embeds. A specification has
a name, the engine's settings, dropout and micro batch, and possibly which rank sends itself which signal when.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch
from conftest import make_tiny_llm
from softrec import distributed, files
from softrec.checkpoints import Checkpoint
from softrec.embeddings import embed
from softrec.engine import EngineSettings, start_engine
from softrec.generation import GenerationSettings, generate
from softrec.language_model import LoraSettings, adapter_state, attach_lora
from softrec.likelihood import ResponseLikelihood
from softrec.ranks import rank, world
from softrec.saving import Saver
from softrec.scheduler import SelfAdaptive
from softrec.training import LoopSettings, Tuner
from tuning_run import LOOP, OPTIMISER, PROMPTS, RESPONSES, Scripted, flat

SOFT = SelfAdaptive(1.0, "exponential", 8.0, lambda llm: 8.0 / (1.0 + float(flat(adapter_state(llm)).norm())))


def tuner(how: EngineSettings, dropout: float, micro: int) -> Tuner:
    """Six epochs of two updates of a fresh adapter."""
    llm = attach_lora(make_tiny_llm()(), LoraSettings(4, 8, dropout, ["q_proj", "v_proj"]), seed=1)
    module = ResponseLikelihood(llm.model, llm.backbone)
    accumulation = -(-LOOP["global_batch_size"] // (micro * world()))
    engine = start_engine(module, OPTIMISER, how, micro, accumulation)
    loop = LoopSettings(**{**LOOP, "epochs": 6, "micro_batch_size": micro})
    return Tuner(llm, engine, PROMPTS, RESPONSES, loop)


def dying(run: Tuner, victim: int, update: int, number: int) -> None:
    """Let one rank send itself a signal before an update, once."""
    step, made = run.update, []

    def update_or_die(*arguments: Any) -> Any:
        made.append(1)
        if rank() == victim and len(made) == update:
            os.kill(os.getpid(), number)
        return step(*arguments)

    run.update = update_or_die  # type: ignore[method-assign]


def answers(run: Tuner) -> dict[str, Any]:
    """What the un-tuned model says to prompts of different lengths, two at once, and embeddings of what it says."""
    texts = [answer.text for answer in generate(run.llm, [*PROMPTS, *PROMPTS[:3]], GenerationSettings(2, 6, 2))]
    return {"texts": texts, "z": embed(run.llm, [f"{text} {i}" for i, text in enumerate(texts)], 2).tolist()}


def main(folder: Path, specification: dict[str, Any]) -> None:
    """Train, and write the adapter."""
    output = folder / f"{specification['name']}.json"
    run = tuner(EngineSettings(**specification["engine"]), specification["dropout"], specification["micro"])
    if "dies" in specification:
        dying(run, *specification["dies"])
    saver = Saver(Checkpoint(folder / specification["name"], "k" * 64), minutes=0)
    said = answers(run)
    lines = run.fit(SOFT, Scripted(*[(0.1, 0.1)] * 6), saver)
    adapter = flat(adapter_state(run.llm)).tolist()
    files.write_json(output, {"adapter": adapter, "tau": [line["tau"] for line in lines[:-1]], **said})


if __name__ == "__main__":
    torch.set_num_threads(1)
    signal.alarm(300)  # no test may hang
    with distributed.ranks():
        for one in json.loads(sys.argv[2]):
            main(Path(sys.argv[1]), one)
