"""How tuning jobs are started and what they are told about computing: nothing that a result depends on.

Engine, ranks and threads change a result by rounding alone, so they are no part of any job's `params`: a job that was
run on four GPUs is not made again because the next one has two. Commands find them in the environment, which each
Snakemake, of the driver and of a job, sets from its configuration.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

# Fields of softrec.tuning.engine.EngineSettings.
SAID = ("kind", "ranks", "zero_stage", "checkpoint_minutes", "gradient_checkpointing", "deterministic")


class Engine:
    """The configuration's `engine` section as the rules use it."""

    def __init__(self, section: Mapping[str, Any]) -> None:
        self.section = section

    @property
    def environment(self) -> dict[str, str]:
        """The variables that commands use: SOFTREC_LAUNCH, words before a script; SOFTREC_ENGINE, what it is told."""
        return {"SOFTREC_LAUNCH": self.launch, "SOFTREC_ENGINE": self.settings}

    @property
    def settings(self) -> str:
        """What a tuning script is told, as JSON."""
        return json.dumps({key: self.section[key] for key in SAID}, sort_keys=True)

    @property
    def gpus(self) -> int:
        """GPUs that a cluster gives to a tuning job: one a rank, unless the configuration names another number."""
        return self.section["gpus"] or self.section["ranks"]

    @property
    def resources(self) -> dict[str, Any]:
        """What a tuning job asks of a cluster. With several nodes the job starts one launcher on each, by srun."""
        nodes = self.section["nodes"]
        if nodes == 1:
            return {"gpu": self.gpus}
        return {"gpu": self.gpus, "mpi": "srun", "nodes": nodes, "tasks": nodes, "tasks_per_gpu": 0}

    @property
    def launch(self) -> str:
        """What stands before a script that ranks share: Python itself, or the launcher of ranks, on every node.

        `exec`, since Slurm's SIGTERM goes to every process of a job, and a shell that it ends would end the job before
        the ranks have written their checkpoint.
        """
        ranks, nodes, threads = (self.section[key] for key in ("ranks", "nodes", "threads"))
        if ranks == 1:
            return "exec python"
        launcher = f"python scripts/launch_ranks.py --ranks {ranks} --nodes {nodes} --threads {threads}"
        if nodes == 1:
            return f"exec {launcher}"
        return f"exec srun --nodes={nodes} --ntasks={nodes} --ntasks-per-node=1 --cpu-bind=none {launcher}"


def shape_problems(config: Mapping[str, Any]) -> list[str]:
    """What does not come out even between batch, ranks, nodes and GPUs, one sentence per problem.

    DeepSpeed's rule is train_batch_size = ranks x micro batch x accumulation. Where it cannot hold, the tuner would
    fill up with rows of weight zero: the same numbers, on GPUs that partly idle.
    """
    return list(uneven(config))


def uneven(config: Mapping[str, Any]) -> Iterator[str]:
    """`shape_problems`, one by one."""
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
    """The largest micro batch that comes out even, or, where ranks do not divide the batch, that they must."""
    if batch % ranks:
        return "let the number of ranks divide the batch"
    best = max(size for size in range(1, micro + 1) if batch // ranks % size == 0)
    return f"set tuning.micro_batch_size to {best}, which gives {batch // ranks // best} accumulation step(s)"
