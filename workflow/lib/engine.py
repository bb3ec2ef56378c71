"""How tuning jobs are started and what they are told about computing: nothing that a result depends on.

Engine, ranks and threads change a result by rounding alone, so they are no part of any job's `cfg`: a job that was run
on four GPUs is not made again because the next one has two.
"""

import json
from collections.abc import Mapping
from typing import Any

SAID = ("kind", "ranks", "zero_stage", "checkpoint_minutes", "gradient_checkpointing")  # softrec.engine.EngineSettings


class Engine:
    """The configuration's `engine` section as the rules use it."""

    def __init__(self, section: Mapping[str, Any]) -> None:
        self.section = section

    @property
    def settings(self) -> str:
        """What a tuning script is told, as JSON."""
        return json.dumps({key: self.section[key] for key in SAID}, sort_keys=True)

    @property
    def launch(self) -> str:
        """What stands before a script that ranks share: Python itself, or the launcher of ranks, on every node.

        `exec`, since Slurm's SIGTERM goes to every process of a job, and a shell that it ends would end the job before
        the ranks have written their checkpoint.
        """
        ranks, nodes, threads = (self.section[key] for key in ("ranks", "nodes", "threads"))
        if ranks == 1:
            return "exec python"
        launcher = f"python scripts/launch_ranks.py --ranks {ranks} --threads {threads}"
        if nodes == 1:
            return f"exec {launcher}"
        return f"srun --nodes={nodes} --ntasks={nodes} --ntasks-per-node=1 --cpu-bind=none {launcher}"
