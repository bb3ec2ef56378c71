"""Make Table 1 of the paper: the size of each data set after filtering, next to the paper's numbers."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--counts", many=True, help="filter_counts.json of each data set, in the order of settings.datasets")
    parser.input("--published", help="published.csv: the paper's tables as printed")
    parser.output("--csv", help="the table as csv")
    parser.output("--markdown", help="the table as Markdown")
    parser.output("--steps", help="the counts after each step of filtering, as Markdown")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the counts and the paper's numbers, write the table."""
    from softrec.io import csv_files
    from softrec.reporting import grouped_table, table1
    from softrec.results import published

    settings = read_settings(args.settings, table1.Table1Settings)
    counts = [table1.read_counts(path) for path in args.counts]
    paper = table1.by_dataset(published.read_published(args.published, table=1))
    table = table1.table1(settings.datasets, counts, paper)
    csv_files.write_text(args.csv, grouped_table.to_csv(table))
    note = table1.note(settings.datasets, [table1.read_tied(path) for path in args.counts])
    csv_files.write_text(args.markdown, grouped_table.to_markdown(table) + note)
    csv_files.write_text(args.steps, table1.filter_steps(settings.datasets, args.counts))


if __name__ == "__main__":
    program.run(main, build_parser())
