"""Rank the titles of all items that a user has not had with a trained sequential model (paper, section 4.1)."""

import argparse

from softrec import arguments, job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    arguments.ranking_arguments(parser)
    return parser


def main(args: argparse.Namespace) -> None:
    """Load, rank, write."""
    from softrec.sequential import allrank, encoder, windows

    settings = job.read_settings(args.settings, allrank.RankSettings)
    protocol = allrank.read_protocol(args.catalogue, args.interactions, settings.mask, settings.tie_seed)
    rows = windows.read_windows(args.rows, protocol.items, settings.length)
    allrank.rank_and_save(args, encoder.Encoder(protocol.items, settings), rows, protocol)


if __name__ == "__main__":
    job.run(main, parser())
