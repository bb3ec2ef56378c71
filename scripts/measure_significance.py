"""Intervals of every cell of Table 2, and tests of what SOFT adds; the unit is the user."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--ranks", many=True, help="test.ranks.parquet of each run, in the order of settings.cells")
    parser.input("--choices", many=True, required=False, help="choice files, which the cells refer to by index from 0")
    parser.output("--intervals", help="csv: each cell with its interval, rows, users and seeds, over all test rows")
    parser.output("--intervals-paper", help="csv: the same over the paper's sample of rows alone")
    parser.output("--tests", help="csv: SOFT against each other method, difference, interval and p")
    parser.output("--markdown", help="the tests to be read")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read ranks, resample, test, write."""
    from softrec.io import choice_file, csv_files
    from softrec.reporting.summary import comparisons
    from softrec.stats import method_comparison, table_rows

    settings = read_settings(args.settings, method_comparison.SignificanceSettings)
    choices = [choice_file.read_choice(path) for path in args.choices or []]
    ranked = method_comparison.read_ranked(settings.cells, args.ranks, choices)
    tallies = method_comparison.tallied(ranked, settings.metrics)
    intervals = method_comparison.intervals(ranked, tallies, settings)
    tests = method_comparison.tests(ranked, tallies, settings)
    papers = method_comparison.of_paper(ranked)
    of_paper = method_comparison.intervals(papers, method_comparison.tallied(papers, settings.metrics), settings)
    for path, rows in ((args.intervals, intervals), (args.intervals_paper, of_paper)):
        csv_files.write_text(path, csv_files.csv_text([table_rows.IntervalRow._fields, *rows]))
    csv_files.write_text(args.tests, csv_files.csv_text([table_rows.Comparison._fields, *tests]))
    csv_files.write_text(args.markdown, comparisons.described(tests))


if __name__ == "__main__":
    program.run(main, build_parser())
