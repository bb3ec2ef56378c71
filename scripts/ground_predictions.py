"""Rank the catalogue's titles by their distance to each predicted title, or to those of all beams (section 2.2)."""

import argparse

from softrec.io import tables
from softrec.job import arguments, program
from softrec.job.settings import read_settings

COLUMNS = ["user", "history", "target", "position", "paper"]


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.grounding_arguments(parser)
    arguments.beams_argument(parser)
    parser.output("--ranks", help="ranks.parquet: row, user, target, rank, candidates, ties, paper")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load the embeddings, rank the titles, write the targets' ranks."""
    from softrec.evaluation import beam_grounding, grounding, ranking
    from softrec.splits import samples

    settings = read_settings(args.settings, grounding.GroundingSettings)
    items = samples.load_items(args.catalogue)
    titles = samples.load_title_embeddings(args.titles, items)
    rows = samples.read_rows(args.rows, COLUMNS, items.count).to_pydict()
    seen = samples.load_seen(args.interactions, items.count)
    ranker = beam_grounding.grounding_by(titles, items.title_id, seen, settings)
    shape = len(rows["user"]), titles.shape[1]
    ranks = ranker.rank(beam_grounding.read_texts(args.embeddings, args.predictions, *shape, settings), rows)
    identity = {"row": range(len(rows["user"])), **{name: rows[name] for name in ("user", "target", "paper")}}
    tables.write_table(args.ranks, {**identity, **ranks._asdict()}, ranking.RANK_TYPES)


if __name__ == "__main__":
    program.run(main, build_parser())
