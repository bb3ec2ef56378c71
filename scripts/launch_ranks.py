"""Start one process of a script per rank, like torchrun, on the nodes of a Slurm job or on this machine.

    python scripts/launch_ranks.py --ranks 4 scripts/tune_llm.py --settings ...

Unlike torchrun it prints only the log of rank 0 and, when another rank fails, the end of that rank's log; it prints no
table and no traceback of the launcher. For several nodes, start it with `srun --ntasks-per-node=1`.
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
    """Define the arguments of this program; arguments after the script's name are passed to the script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=int, required=True, help="total number of processes")
    parser.add_argument("--nodes", type=int, default=1, help="number of nodes; this program is started on each of them")
    parser.add_argument("--threads", type=int, default=1, help="threads per process (OMP_NUM_THREADS)")
    parser.add_argument("script", help="the script to start")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments")
    return parser


def meeting_point(nodes: int) -> str:
    """Return the rendezvous address of the ranks, `host:port`.

    With several nodes, the host is the node on which `srun` runs and the port is derived from the job's id; both come
    from variables of the job step. They are used only if the step has `nodes` nodes: those of another step, such as an
    interactive shell, are rejected (`SystemExit`).
    """
    if nodes == 1:
        return "localhost:0"
    names = ("SLURM_STEP_NUM_NODES", "SLURM_JOB_ID", "SLURM_LAUNCH_NODE_IPADDR")
    step = {name: os.environ.get(name, "") for name in names}
    if step["SLURM_STEP_NUM_NODES"] != str(nodes) or not step["SLURM_JOB_ID"].isdecimal():
        said = ", ".join(f"{name}={value}" for name, value in step.items())
        raise SystemExit(f"error: --nodes is {nodes}, but this is not an srun step on {nodes} nodes ({said})")
    return f"{step['SLURM_LAUNCH_NODE_IPADDR']}:{20_000 + int(step['SLURM_JOB_ID']) % 20_000}"


def configuration(ranks: int, nodes: int, folder: str) -> Any:
    """Build the configuration of torch's launcher.

    The output of local rank 0 goes to the terminal, that of all other ranks to files in `folder`.
    """
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, Std
    from torch.distributed.launcher.api import LaunchConfig

    if ranks % nodes:
        raise SystemExit(f"error: {ranks} ranks do not divide among {nodes} nodes: make engine.ranks a multiple")
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
    """Run all ranks until they end; return the exit status (128 + n if a signal n ended a rank or the launcher)."""
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
    """Print which rank failed first and how, and the end of its log (rank 0's log is on the terminal already)."""
    ended = f"signal {-failure.exitcode}" if failure.exitcode < 0 else f"status {failure.exitcode}"
    print(f"rank {rank} failed first, with {ended}; the others were stopped", file=sys.stderr)
    for path in sorted(folder.rglob(f"{failure.local_rank}/std*.log")) if rank else []:
        lines = path.read_text(errors="replace").splitlines()[-LAST_LINES:]
        print(plain("\n".join(lines)), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(build_parser().parse_args()))
