"""Measure d_0: the mean distance between the untuned LLM's predicted titles and the true ones on M training rows."""

import argparse

from softrec.job import arguments, program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--llm", help="folder of the base model")
    parser.input("--catalogue", help="catalogue.parquet")
    parser.input("--train", help="samples/train.parquet")
    arguments.item_embeddings_argument(parser)
    parser.output("--distance", help="JSON: d_0 and the M row numbers that every d_t is measured on")
    return parser


def main(args: argparse.Namespace) -> None:
    """Draw the rows, predict, measure the distance, write it."""
    from common import files
    from softrec.core import distributed
    from softrec.decoding.recommender import open_recommender, wrap
    from softrec.job import timing
    from softrec.splits import samples
    from softrec.tuning.distance import DistanceSettings, distance_probe, draw_distance_rows

    with distributed.process_group():
        settings = read_settings(args.settings, DistanceSettings)
        items = samples.load_items(args.catalogue)
        llm = open_recommender(args.llm, items, settings.recommender).llm
        llm.backbone.begin(llm, args.item_embeddings, settings.tuning_seed)
        recommender = wrap(llm, items, settings.recommender)
        train = samples.load_rows(args.train, items.count)
        rows = draw_distance_rows(len(train), settings)
        with timing.timed():
            d_0 = distance_probe(recommender, train, rows)(recommender.llm)
        files.write_json(args.distance, {"d_0": d_0, "rows": rows})


if __name__ == "__main__":
    program.run(main, build_parser())
