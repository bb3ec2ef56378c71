"""Rank the catalogue's titles by their distance to each predicted title (paper, section 2.2)."""

import argparse

from softrec.io import tables
from softrec.job import arguments, program
from softrec.job.settings import read_settings

COLUMNS = ["user", "history", "target", "position", "paper"]


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.grounding_arguments(parser)
    parser.output("--ranks", help="ranks.parquet: row, user, target, rank, candidates, ties, paper")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load the embeddings, rank the titles, write the targets' ranks."""
    from softrec.evaluation import grounding, ranking
    from softrec.io import arrays
    from softrec.splits import samples

    settings = read_settings(args.settings, grounding.GroundingSettings)
    items = samples.load_items(args.catalogue)
    titles = samples.load_title_embeddings(args.titles, items)
    rows = samples.read_rows(args.rows, COLUMNS, items.count).to_pydict()
    ranker = grounding.Grounding(titles, items.title_id, samples.load_seen(args.interactions, items.count), settings)
    ranks = ranker.rank(arrays.read_array(args.embeddings, "float32", (len(rows["user"]), titles.shape[1])), rows)
    identity = {"row": range(len(rows["user"])), **{name: rows[name] for name in ("user", "target", "paper")}}
    tables.write_table(args.ranks, {**identity, **ranks._asdict()}, ranking.RANK_TYPES)


if __name__ == "__main__":
    program.run(main, build_parser())
