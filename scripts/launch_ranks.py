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

from softrec.ranks import LAUNCHED

LAST_LINES = 20


def parser() -> argparse.ArgumentParser:
    """Arguments of this program; what follows the script's name is the script's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=int, required=True, help="processes in all")
    parser.add_argument("--threads", type=int, default=1, help="threads of each process (OMP_NUM_THREADS)")
    parser.add_argument("script", help="the program to start")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments")
    return parser


def nodes() -> tuple[int, str]:
    """How many nodes take part, and the address at which their ranks meet.

    With several nodes these are of the job step that `srun` has started: it sets the first node's address, where it
    runs itself, and the port follows from the job's id.
    """
    count = int(os.environ.get("SLURM_STEP_NUM_NODES", "1"))
    if count == 1:
        return 1, "localhost:0"
    port = 20_000 + int(os.environ["SLURM_JOB_ID"]) % 20_000
    return count, f"{os.environ['SLURM_LAUNCH_NODE_IPADDR']}:{port}"


def configuration(ranks: int, folder: str) -> Any:
    """What torch's launcher is told: every rank's output goes to `folder`, that of local rank 0 to the terminal too."""
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, Std
    from torch.distributed.launcher.api import LaunchConfig

    count, meeting_point = nodes()
    if ranks % count:
        raise SystemExit(f"error: {ranks} ranks cannot be shared by {count} nodes: let engine.ranks be a multiple")
    return LaunchConfig(
        min_nodes=count,
        max_nodes=count,
        nproc_per_node=ranks // count,
        run_id=os.environ.get("SLURM_JOB_ID", "local"),
        rdzv_backend="c10d",
        rdzv_endpoint=meeting_point,
        max_restarts=0,
        logs_specs=DefaultLogsSpecs(
            log_dir=folder,
            redirects={rank: Std.ALL for rank in range(1, ranks // count)},
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
            elastic_launch(configuration(args.ranks, folder), sys.executable)(args.script, *args.arguments)
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
        print("\n".join(lines), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(parser().parse_args()))
