"""Retrieve LLM-CF's in-context examples for the rows of one split."""

import argparse

from softrec.io import tables
from softrec.job import arguments, program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--rows", help="sequences/*.parquet or samples/*.parquet: the queries")
    parser.input("--catalogue", help="catalogue.parquet")
    arguments.decisions_arguments(parser)
    parser.output("--examples", help="examples.npy: (R, 2 examples_per_label) int32 indices of decisions, -1 for none")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read rows and decisions, retrieve the examples, write them."""
    import numpy as np

    from common import log
    from softrec.io import arrays
    from softrec.llm_enhanced import decisions, retrieval
    from softrec.sequential import windows

    settings = read_settings(args.settings, retrieval.RetrievalSettings)
    titles = decisions.read_titles(args.catalogue, args.titles)
    known = decisions.read_examples(args.cot, args.sample, len(titles) - 1, settings.length)
    rows = windows.read_windows(args.rows, len(titles) - 1, settings.length)
    time = tables.read_table(args.rows, ["timestamp"])["timestamp"].to_numpy()
    found = retrieval.find_examples(rows, time, titles, known, settings)
    used = len(np.unique(found[found >= 0]))
    without = int((found < 0).all(axis=1).sum())
    log.info(f"{used:,} of {len(known.item):,} decisions are an example; {without:,} of {len(found):,} rows have none")
    program.note("examples", {"decisions": len(known.item), "used": used, "rows": len(found), "rows_without": without})
    arrays.write_array(args.examples, found)


if __name__ == "__main__":
    program.run(main, build_parser())
