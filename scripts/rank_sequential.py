"""Rank the titles of all items that a user has not seen with a trained sequential model (paper, section 4.1)."""

import argparse

from softrec.job import arguments, program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.ranking_arguments(parser)
    return parser


def main(args: argparse.Namespace) -> None:
    """Load the model, rank the titles, write the targets' ranks."""
    from softrec.sequential import ranking, run, windows

    settings = read_settings(args.settings, run.SequentialRankSettings)
    shape = settings.rank
    protocol = ranking.read_protocol(args.catalogue, args.interactions, shape.mask, shape.tie_seed)
    rows = windows.read_windows(args.rows, protocol.items, shape.length)
    model = run.method_module(settings.network).network(protocol.items, shape)
    ranking.rank_and_save(model, args.model, rows, protocol, rows=args.rows, ranks=args.ranks)


if __name__ == "__main__":
    program.run(main, build_parser())
