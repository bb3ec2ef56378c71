"""Start a script once per rank, as torchrun does, on the nodes of a Slurm job or on this machine.

    python scripts/launch_ranks.py --ranks 4 scripts/tune_sft.py --settings ...

It differs from torchrun in what people see: the log is that of rank 0, and when another rank fails, the end of that
rank's log; no table and no traceback of the launcher's own. Several nodes: `srun --ntasks-per-node=1` this program.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from common.display_text import plain
from common.process import LAUNCHED

LAST_LINES = 20


def build_parser() -> argparse.ArgumentParser:
    """Arguments of this program; what follows the script's name is the script's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=int, required=True, help="processes in all")
    parser.add_argument("--nodes", type=int, default=1, help="nodes that share them, on each of which this is started")
    parser.add_argument("--threads", type=int, default=1, help="threads of each process (OMP_NUM_THREADS)")
    parser.add_argument("script", help="the program to start")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments")
    return parser


def meeting_point(nodes: int) -> str:
    """The address at which the ranks meet.

    With several nodes the job step that `srun` has started tells it: the first node's address, where `srun` runs
    itself, and the port follows from the job's id. What Slurm says of another step, as of a shell in which one node is
    used, is not asked.
    """
    if nodes == 1:
        return "localhost:0"
    names = ("SLURM_STEP_NUM_NODES", "SLURM_JOB_ID", "SLURM_LAUNCH_NODE_IPADDR")
    step = {name: os.environ.get(name, "") for name in names}
    if step["SLURM_STEP_NUM_NODES"] != str(nodes) or not step["SLURM_JOB_ID"].isdecimal():
        said = ", ".join(f"{name}={value}" for name, value in step.items())
        raise SystemExit(f"error: {nodes} nodes are to be used, and this is no step of srun on as many ({said})")
    return f"{step['SLURM_LAUNCH_NODE_IPADDR']}:{20_000 + int(step['SLURM_JOB_ID']) % 20_000}"


def configuration(ranks: int, nodes: int, folder: str) -> Any:
    """What torch's launcher is told: every rank's output goes to `folder`, that of local rank 0 to the terminal too."""
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, Std
    from torch.distributed.launcher.api import LaunchConfig

    if ranks % nodes:
        raise SystemExit(f"error: {ranks} ranks cannot be shared by {nodes} nodes: let engine.ranks be a multiple")
    return LaunchConfig(
        min_nodes=nodes,
        max_nodes=nodes,
        nproc_per_node=ranks // nodes,
        run_id=os.environ.get("SLURM_JOB_ID", "local"),
        rdzv_backend="c10d",
        rdzv_endpoint=meeting_point(nodes),
        max_restarts=0,
        logs_specs=DefaultLogsSpecs(
            log_dir=folder,
            redirects={rank: Std.ALL for rank in range(1, ranks // nodes)},
        ),
    )


def main(args: argparse.Namespace) -> int:
    """Run all ranks to their end. Returns the exit status."""
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import elastic_launch

    os.environ |= {"OMP_NUM_THREADS": str(args.threads), LAUNCHED: str(args.ranks)}
    with tempfile.TemporaryDirectory(prefix="ranks-") as folder:
        try:
            launch = elastic_launch(configuration(args.ranks, args.nodes, folder), sys.executable)
            launch(args.script, *args.arguments)
        except ChildFailedError as error:
            rank, failure = error.get_first_failure()
            show(rank, failure, Path(folder))
            return failure.exitcode if failure.exitcode > 0 else 128 - failure.exitcode
        except SignalException as stopped:
            print(f"all ranks were stopped by {stopped.sigval.name}", file=sys.stderr)
            return 128 + stopped.sigval
    return 0


def show(rank: int, failure: Any, folder: Path) -> None:
    """Which rank failed first and how, and the end of its log; that of rank 0 has been seen already."""
    ended = f"signal {-failure.exitcode}" if failure.exitcode < 0 else f"status {failure.exitcode}"
    print(f"rank {rank} failed first, with {ended}; the others were stopped", file=sys.stderr)
    for path in sorted(folder.rglob(f"{failure.local_rank}/std*.log")) if rank else []:
        lines = path.read_text(errors="replace").splitlines()[-LAST_LINES:]
        print(plain("\n".join(lines)), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(build_parser().parse_args()))
