"""Find the items nearest to each generated title: the teacher's rankings that DLLM2Rec distills."""

import argparse
from dataclasses import dataclass

from softrec.io import tables
from softrec.job import arguments, program
from softrec.job.settings import read_settings
from softrec.splits.seen_items import Mask


@dataclass(frozen=True)
class Settings:
    """Settings of the search.

    Attributes:
        items: number of items per row (K).
        mask: which of the user's items are excluded.
        tie_seed: seed of the permutation that breaks ties.
    """

    items: int
    mask: Mask
    tie_seed: int


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.grounding_arguments(parser)
    parser.output("--nearest", help="nearest.parquet: row, items (nearest first), distance")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load the embeddings, find the nearest items of each row, write them."""
    from softrec.evaluation import grounding, nearest
    from softrec.io import arrays
    from softrec.splits import samples

    settings = read_settings(args.settings, Settings)
    items = samples.load_items(args.catalogue)
    titles = samples.load_title_embeddings(args.titles, items)
    how = grounding.GroundingSettings(settings.mask, settings.tie_seed)
    seen = samples.load_seen(args.interactions, items.count)
    ranker = grounding.Grounding(titles, items.title_id, seen, how)
    rows = samples.read_rows(args.rows, ["user", "history", "position"], items.count).to_pydict()
    # Memory-mapped: with embeddings of all rows, Kindle's array is (1,111,104, 3,072), 13.7 GB (4,096 rows: 50 MB).
    z = arrays.read_array(args.embeddings, "float32", (len(rows["user"]), titles.shape[1]), mapped=True)
    found = nearest.nearest_items(ranker, z, rows, settings.items)
    columns = {"row": range(len(found.items)), "items": list(found.items), "distance": list(found.distance)}
    tables.write_table(args.nearest, columns, nearest.TYPES)


if __name__ == "__main__":
    program.run(main, build_parser())
