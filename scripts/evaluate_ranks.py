"""Turn the ranks of one method on one split into hit ratios and NDCGs, of the paper's rows and of all."""

import argparse
from dataclasses import dataclass
from typing import Any

from softrec.job import program
from softrec.job.settings import read_settings


@dataclass(frozen=True)
class Settings:
    """cutoffs: the K of H@K and NG@K, all of which are written."""

    cutoffs: list[int]


def build_parser() -> program.Parser:
    """Arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--ranks", help="ranks of the targets, one row a sequence")
    parser.output("--metrics", help="JSON: metrics of the paper's rows, metrics_all of all; rows, users, ties of each")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the ranks, average, write."""
    import numpy as np

    from common import files
    from common.errors import SoftrecError
    from softrec.evaluation import metrics
    from softrec.evaluation.ranking import read_ranks

    settings = read_settings(args.settings, Settings)
    table = read_ranks(args.ranks)
    report: dict[str, Any] = {}
    for suffix, ranks in (("", table.filter(table["paper"])), ("_all", table)):
        user, rank, ties = (ranks[name].to_numpy() for name in ("user", "rank", "ties"))
        if not len(rank):
            what = f"{args.ranks} has no rows" + ("" if suffix or not len(table) else " of the paper's sample")
            raise SoftrecError(what, remedy="look at the split and at its sample: one of them is empty")
        found = metrics.summary(rank, settings.cutoffs)
        tied = float((ties > 0).mean())
        values = {"rows": len(rank), "users": len(np.unique(user)), "tied": tied, "metrics": found}
        report |= {f"{name}{suffix}": value for name, value in values.items()}
    files.write_json(args.metrics, report)


if __name__ == "__main__":
    program.run(main, build_parser())
