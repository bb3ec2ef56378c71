"""Launch command and engine settings of tuning jobs, on which results depend only by rounding.

Engine, ranks and threads are therefore not part of a job's `params`: a job that was run on four GPUs is not repeated
because the next run has two. Commands read them from environment variables, which every Snakemake process, that of the
driver and that of a job, sets from its configuration.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

# Fields of softrec.tuning.engine.EngineSettings.
SAID = ("kind", "ranks", "zero_stage", "checkpoint_minutes", "gradient_checkpointing", "deterministic")


class Engine:
    """The configuration's `engine` section as the rules use it; `scripts` is the folder of the launcher."""

    def __init__(self, section: Mapping[str, Any], scripts: str = "scripts") -> None:
        self.section, self.scripts = section, scripts

    @property
    def environment(self) -> dict[str, str]:
        """The variables in commands: SOFTREC_LAUNCH before a tuning script, its SOFTREC_ENGINE, and SOFTREC_SCRIPTS."""
        return {"SOFTREC_LAUNCH": self.launch, "SOFTREC_ENGINE": self.settings, "SOFTREC_SCRIPTS": self.scripts}

    @property
    def settings(self) -> str:
        """The engine settings of a tuning script, as JSON."""
        return json.dumps({key: self.section[key] for key in SAID}, sort_keys=True)

    @property
    def gpus(self) -> int:
        """GPUs that a tuning job requests on a cluster: one per rank, unless the configuration gives another number."""
        return self.section["gpus"] or self.section["ranks"]

    @property
    def resources(self) -> dict[str, Any]:
        """The resources that a tuning job requests. With several nodes, srun starts one launcher on each node."""
        nodes = self.section["nodes"]
        if nodes == 1:
            return {"gpu": self.gpus}
        return {"gpu": self.gpus, "mpi": "srun", "nodes": nodes, "tasks": nodes, "tasks_per_gpu": 0}

    @property
    def launch(self) -> str:
        """The command before a tuning script: Python for one rank, else the launcher of ranks, on every node.

        It begins with `exec`: Slurm sends SIGTERM to every process of a job, and a shell that is killed by it would end
        the job before the ranks have written their checkpoint.
        """
        ranks, nodes, threads = (self.section[key] for key in ("ranks", "nodes", "threads"))
        if ranks == 1:
            return "exec python"
        launcher = f"python {self.scripts}/launch_ranks.py --ranks {ranks} --nodes {nodes} --threads {threads}"
        if nodes == 1:
            return f"exec {launcher}"
        return f"exec srun --nodes={nodes} --ntasks={nodes} --ntasks-per-node=1 --cpu-bind=none {launcher}"


def shape_problems(config: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each number of batch size, ranks, nodes or GPUs that does not divide evenly.

    DeepSpeed requires train_batch_size = ranks x micro-batch x accumulation. Otherwise the tuner would pad with rows of
    weight zero: the results would be the same, but GPUs would be partly idle.
    """
    return list(uneven(config))


def uneven(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the sentences of `shape_problems`."""
    engine = config["engine"]
    ranks, nodes, micro = engine["ranks"], engine["nodes"], config["tuning"]["micro_batch_size"]
    if ranks % nodes:
        yield f"engine.ranks is {ranks}, which {nodes} nodes cannot share evenly: let it be a multiple of engine.nodes."
    if engine["gpus"] and engine["gpus"] % nodes:
        yield f"engine.gpus is {engine['gpus']}, which {nodes} nodes cannot share evenly: let it be a multiple of them."
    if ranks == 1:
        return
    for name, dataset in config["datasets"].items():
        batch = dataset["global_batch_size"]
        if batch % (ranks * micro):
            yield (
                f"datasets.{name}.global_batch_size is {batch}, no multiple of engine.ranks x tuning.micro_batch_size, "
                f"{ranks} x {micro}: {advice(batch, ranks, micro)}."
            )


def advice(batch: int, ranks: int, micro: int) -> str:
    """Return the remedy: the largest micro-batch that divides evenly, or that ranks must divide the batch."""
    if batch % ranks:
        return "let the number of ranks divide the batch"
    best = max(size for size in range(1, micro + 1) if batch // ranks % size == 0)
    return f"set tuning.micro_batch_size to {best}, which gives {batch // ranks // best} accumulation step(s)"
