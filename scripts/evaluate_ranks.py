"""Compute hit ratios and NDCGs of one method on one split, over the paper's sample and over all rows."""

import argparse
from dataclasses import dataclass
from typing import Any

from softrec.job import program
from softrec.job.settings import read_settings


@dataclass(frozen=True)
class Settings:
    """cutoffs: the values of K for which H@K and NG@K are computed."""

    cutoffs: list[int]


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--ranks", help="ranks of the targets, one row per sequence")
    parser.output("--metrics", help="JSON: metrics (paper's sample), metrics_all (all rows); rows, users, tied of each")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the ranks, average the metrics, write them."""
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
