"""List the titles nearest to each predicted title, as TREC run and qrels and as a table."""

import argparse

from softrec.job import arguments, program
from softrec.job.settings import read_settings
from softrec.use import top_lists

COLUMNS = ["user", "history", "target", "position"]


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.grounding_arguments(parser)
    arguments.beams_argument(parser)
    top_lists.output_arguments(parser)
    return parser


def main(args: argparse.Namespace) -> None:
    """Load the embeddings, find the nearest titles of each row, compare with the ranks, write."""
    import numpy as np

    from softrec.evaluation import beam_grounding
    from softrec.splits import samples
    from softrec.use import top_titles

    settings = read_settings(args.settings, top_titles.TopGroundingSettings)
    items = samples.load_items(args.catalogue)
    titles = samples.load_title_embeddings(args.titles, items)
    rows = samples.read_rows(args.rows, COLUMNS, items.count).to_pydict()
    seen = samples.load_seen(args.interactions, items.count)
    ranker = beam_grounding.grounding_by(titles, items.title_id, seen, settings)
    z = beam_grounding.read_texts(args.embeddings, args.predictions, len(rows["user"]), titles.shape[1], settings)
    each = zip(rows["user"], rows["position"], rows["history"], items.title_id[rows["target"]], strict=True)
    # The target is always a candidate, as in `Grounding.count`.
    excluded = [np.setdiff1d(ranker.candidates.excluded(*row[:3]), row[3]) for row in each]
    tops = top_titles.nearest_titles(ranker, z, excluded, settings.k)
    tops = [top_titles.Top(top.title, 0 - top.value) for top in tops]  # a score is higher for a nearer title
    lists = top_lists.Lists(args.run, args.qrels, args.table)
    top_lists.check_and_write(tops, items, args.catalogue, args.ranks, lists)


if __name__ == "__main__":
    program.run(main, build_parser())
