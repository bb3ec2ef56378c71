"""Turn the ranks of one method on one split into hit ratios and NDCGs."""

import argparse
from dataclasses import dataclass

from softrec import job


@dataclass(frozen=True)
class Settings:
    """cutoffs: the K of H@K and NG@K, all of which are written."""

    cutoffs: list[int]


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--ranks", help="ranks of the targets, one row a sequence")
    parser.output("--metrics", help="metrics as JSON, with the number of rows, users and ties behind them")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the ranks, average, write."""
    import numpy as np
    from softrec import files, metrics
    from softrec.errors import SoftrecError

    settings = job.read_settings(args.settings, Settings)
    table = files.read_table(args.ranks, ["user", "rank", "ties"])
    user, rank, ties = (table[name].to_numpy() for name in ("user", "rank", "ties"))
    if not len(rank):
        raise SoftrecError(f"{args.ranks} has no rows", remedy="look at the split: its sample is empty")
    report = {
        "rows": len(rank),
        "users": len(np.unique(user)),
        "tied": float((ties > 0).mean()),
        "metrics": metrics.summary(rank, settings.cutoffs),
    }
    files.write_json(args.metrics, report)


if __name__ == "__main__":
    job.run(main, parser())
