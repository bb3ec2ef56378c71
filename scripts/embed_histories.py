"""Embed histories by their titles' embeddings, for a ranking of titles without a model and without training."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--titles", help="titles.npy: embeddings of the distinct titles")
    parser.input("--catalogue", help="catalogue.parquet")
    parser.input("--rows", help="samples/*.parquet")
    parser.output("--embeddings", help="embeddings.npy of the histories, a row for each of the rows")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load title embeddings and histories, write the embeddings of the histories."""
    from softrec.evaluation import history_embeddings
    from softrec.io import arrays
    from softrec.splits import samples

    settings = read_settings(args.settings, history_embeddings.HistorySettings)
    items = samples.load_items(args.catalogue)
    titles = samples.load_title_embeddings(args.titles, items)
    histories = samples.read_rows(args.rows, ["history"], items.count)["history"].to_pylist()
    arrays.write_array(
        args.embeddings, history_embeddings.history_embeddings(titles, items.title_id, histories, settings)
    )


if __name__ == "__main__":
    program.run(main, build_parser())
