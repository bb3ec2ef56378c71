"""Embed every distinct title of the catalogue by the un-tuned LLM: the z_i that grounding ranks by."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--llm", help="folder of the base model")
    parser.input("--catalogue", help="catalogue.parquet")
    parser.output("--titles", help="titles.npy: (T, D) float32 by title id")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load, embed, write."""
    import numpy as np
    from softrec import files, samples
    from softrec.recommender import RecommenderSettings, open_recommender

    settings = job.read_settings(args.settings, RecommenderSettings)
    items = samples.load_items(args.catalogue)
    recommender = open_recommender(args.llm, items, settings)
    z = recommender.embed_titles(items.distinct)
    with files.write_whole(args.titles) as partial, partial.open("wb") as stream:
        np.save(stream, z)


if __name__ == "__main__":
    job.run(main, parser())
