"""Hit ratio and category hit ratio of self-distilled titles on their own training rows (paper, Figure 2)."""

import argparse

from softrec.io import tables
from softrec.job import arguments, program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.grounding_arguments(parser)
    parser.output("--metrics", help="self_distilled.metrics.json: HR@1, HC and its chance level, category level")
    return parser


def main(args: argparse.Namespace) -> None:
    """Ground each title to its nearest item, compute the hit ratios, write them."""
    from common import files
    from softrec.evaluation import grounding, nearest, self_distilled
    from softrec.io import arrays
    from softrec.splits import categories, samples

    settings = read_settings(args.settings, grounding.GroundingSettings)
    items = samples.load_items(args.catalogue)
    titles = samples.load_title_embeddings(args.titles, items)
    rows = samples.read_rows(args.rows, ["user", "history", "target", "position"], items.count).to_pydict()
    ranker = grounding.Grounding(titles, items.title_id, samples.load_seen(args.interactions, items.count), settings)
    z = arrays.read_array(args.embeddings, "float32", (len(rows["user"]), titles.shape[1]))
    found = nearest.nearest_items(ranker, z, rows, 1).items[:, 0]
    labels = categories.label_items(tables.read_table(args.catalogue, ["category"])["category"].to_pylist())
    files.write_json(args.metrics, self_distilled.describe(found, rows["target"], items, labels))


if __name__ == "__main__":
    program.run(main, build_parser())
