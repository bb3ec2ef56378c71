"""Compute confidence intervals of all cells of Table 2 and test SOFT against the other methods.

The unit of resampling is the user.
"""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--ranks", many=True, help="test.ranks.parquet of each run, in the order of settings.cells")
    parser.input("--choices", many=True, required=False, help="choice files, in the order of settings.choices")
    parser.output("--intervals", help="csv: interval, rows, users and seeds of each cell, over all test rows")
    parser.output("--intervals-paper", help="csv: the same over the paper's sample of test rows")
    parser.output("--tests", help="csv: SOFT against each other method: difference, interval and p")
    parser.output("--markdown", help="the tests as Markdown")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the ranks, resample users, run the tests, write the tables."""
    from softrec.io import csv_files
    from softrec.reporting.summary import comparisons
    from softrec.results import runs
    from softrec.stats import method_comparison, table_rows

    settings = read_settings(args.settings, method_comparison.SignificanceSettings)
    selected = runs.read_selected(args.choices, settings.choices)
    ranked = method_comparison.read_ranked(settings.cells, args.ranks, selected)
    tallies = method_comparison.tallied(ranked, settings.metrics)
    intervals = method_comparison.intervals(ranked, tallies, settings)
    tests = method_comparison.tests(ranked, tallies, settings)
    papers = method_comparison.of_paper(ranked)
    of_paper = method_comparison.intervals(papers, method_comparison.tallied(papers, settings.metrics), settings)
    for path, rows in ((args.intervals, intervals), (args.intervals_paper, of_paper)):
        csv_files.write_text(path, csv_files.csv_text([table_rows.IntervalRow._fields, *rows]))
    csv_files.write_text(args.tests, csv_files.csv_text([table_rows.Comparison._fields, *tests]))
    csv_files.write_text(args.markdown, comparisons.format_comparisons(tests))


if __name__ == "__main__":
    program.run(main, build_parser())
