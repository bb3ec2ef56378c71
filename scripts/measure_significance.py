"""Intervals of every cell of Table 2, and tests of what SOFT adds; the unit is the user."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--ranks", many=True, help="test.ranks.parquet of each run, in the order of settings.cells")
    parser.input("--choices", many=True, required=False, help="choice files, which the cells refer to by index from 0")
    parser.output("--intervals", help="csv: each cell with its interval, rows, users and seeds, over all test rows")
    parser.output("--intervals-paper", help="csv: the same over the paper's sample of rows alone")
    parser.output("--tests", help="csv: SOFT against each other method, difference, interval and p")
    parser.output("--markdown", help="the tests to be read")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read ranks, resample, test, write."""
    from softrec import choice_files, comparisons, csvfiles, told_comparisons

    settings = job.read_settings(args.settings, comparisons.SignificanceSettings)
    choices = [choice_files.read_choice(path) for path in args.choices or []]
    ranked = comparisons.read_ranked(settings.cells, args.ranks, choices)
    tallies = comparisons.tallied(ranked, settings.metrics)
    intervals = comparisons.intervals(ranked, tallies, settings)
    tests = comparisons.tests(ranked, tallies, settings)
    papers = comparisons.of_paper(ranked)
    of_paper = comparisons.intervals(papers, comparisons.tallied(papers, settings.metrics), settings)
    for path, rows in ((args.intervals, intervals), (args.intervals_paper, of_paper)):
        csvfiles.write_text(path, csvfiles.csv_text([comparisons.IntervalRow._fields, *rows]))
    csvfiles.write_text(args.tests, csvfiles.csv_text([comparisons.Comparison._fields, *tests]))
    csvfiles.write_text(args.markdown, told_comparisons.described(tests))


if __name__ == "__main__":
    job.run(main, parser())
