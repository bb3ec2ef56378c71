"""Rank all items that a user has not seen with a trained sequential model (paper, section 4.1)."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--model", help="model.safetensors")
    parser.input("--rows", help="samples/test.parquet")
    parser.input("--interactions", help="interactions.parquet, for masks up to a row's position")
    parser.input("--catalogue", help="catalogue.parquet")
    parser.output("--ranks", help="ranks.parquet: row, user, target, rank, candidates, ties")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load, rank, write."""
    from softrec import files, ranking
    from softrec.sequential import allrank, encoder, windows

    settings = job.read_settings(args.settings, allrank.RankSettings)
    protocol = allrank.read_protocol(args.catalogue, args.interactions, settings.mask, settings.tie_seed)
    model = encoder.Encoder(protocol.items, settings)
    encoder.load(model, args.model)
    rows = windows.read_windows(args.rows, protocol.items, settings.length)
    ranks = allrank.rank_windows(model, rows, protocol)
    identity = {"row": range(len(rows.target)), "user": rows.user, "target": rows.target}
    files.write_table(args.ranks, {**identity, **ranks._asdict()}, ranking.RANK_TYPES)


if __name__ == "__main__":
    job.run(main, parser())
