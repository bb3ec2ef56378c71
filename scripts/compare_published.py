"""Compare Table 2 with the paper's, cell by cell."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--intervals", help="intervals_paper.csv: our cells over the paper's sample of test rows")
    parser.input("--published", help="config/published.csv: the numbers in the paper")
    parser.output("--csv", help="csv: method,backbone,dataset,metric,ours,paper,difference,low,high,verdict")
    parser.output("--markdown", help="the comparison as Markdown")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read our numbers and the paper's, compare them, write the tables."""
    from softrec.io import csv_files
    from softrec.results import published
    from softrec.stats import paper_comparison

    settings = read_settings(args.settings, paper_comparison.CompareSettings)
    paper = published.read_published(args.published, 2)
    ours = paper_comparison.read_intervals(args.intervals)
    rows = paper_comparison.compare(ours, paper, settings)
    csv_files.write_text(args.csv, csv_files.csv_text([paper_comparison.ComparedRow._fields, *rows]))
    seeds = min((row.seeds for row in ours), default=0)
    text = (
        paper_comparison.format_comparison(rows, seeds, settings.paper_rows)
        if rows
        else paper_comparison.disjoint(ours, paper)
    )
    csv_files.write_text(args.markdown, text)


if __name__ == "__main__":
    program.run(main, build_parser())
