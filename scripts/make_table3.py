"""Make Table 3: SOFT minus each row that bounds what a language model adds, and minus each control."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--tests", help="table3_significance.csv: SOFT against these rows")
    parser.input("--intervals", help="table3_intervals.csv: the value of each row, on all test rows")
    parser.output("--csv", help="the table as csv, at every metric")
    parser.output("--markdown", help="the table as Markdown, with what each row is for")
    parser.output("--latex", help="the table as a booktabs tabular, to be input inside a float")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read tests and values, write the table in three formats."""
    from common import log
    from softrec.io import csv_files
    from softrec.reporting import latex, table3

    settings = read_settings(args.settings, table3.Table3Settings)
    lines = table3.lines(args.tests, args.intervals, settings)
    csv_files.write_text(args.csv, table3.to_csv(lines))
    csv_files.write_text(args.markdown, table3.to_markdown(lines, settings))
    note = latex.comment(table3.summary(lines))
    csv_files.write_text(args.latex, f"{note}{latex.to_latex(table3.to_table(lines, settings))}")
    log.info(table3.summary(lines))


if __name__ == "__main__":
    program.run(main, build_parser())
