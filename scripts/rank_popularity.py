"""Rank the titles of all items that a user has not seen by how many training interactions they have."""

import argparse
from dataclasses import dataclass

from softrec.io import tables
from softrec.job import program
from softrec.job.settings import read_settings
from softrec.splits.seen_items import Mask

TRAINED = ["user", "history", "target", "position"]


@dataclass(frozen=True)
class Settings:
    """mask: which of a user's items are excluded; tie_seed: seed of the permutation that breaks ties."""

    mask: Mask
    tie_seed: int


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--train", help="sequences/train.parquet, whose interactions are counted")
    parser.input("--rows", help="samples/test.parquet")
    parser.input("--interactions", help="interactions.parquet, for masks up to a row's position")
    parser.input("--catalogue", help="catalogue.parquet")
    parser.output("--ranks", help="ranks.parquet: row, user, target, rank, candidates, ties, paper")
    return parser


def main(args: argparse.Namespace) -> None:
    """Count the training interactions, rank the titles, write the targets' ranks."""
    from softrec.evaluation import popularity, ranking
    from softrec.splits import samples

    settings = read_settings(args.settings, Settings)
    items = samples.load_items(args.catalogue)
    count = popularity.interaction_counts(samples.read_rows(args.train, TRAINED, items.count), items.count)
    seen = samples.load_seen(args.interactions, items.count)
    titles = ranking.Candidates(items.title_id, len(items.distinct), seen, settings.mask, settings.tie_seed)
    rows = samples.read_rows(args.rows, [*TRAINED, "paper"], items.count).to_pydict()
    ranks = popularity.rank(count, titles, rows)
    identity = {"row": range(len(rows["user"])), **{name: rows[name] for name in ("user", "target", "paper")}}
    tables.write_table(args.ranks, {**identity, **ranks._asdict()}, ranking.RANK_TYPES)


if __name__ == "__main__":
    program.run(main, build_parser())
