"""Check that the metrics of Table 2, the paper's and ours, are attainable."""

import argparse
from dataclasses import dataclass

from softrec.job import program
from softrec.job.settings import read_settings


@dataclass(frozen=True)
class Settings:
    """Settings of the check.

    Attributes:
        datasets: label of the data set of each file of `--metrics`, in the same order.
        paper_rows: number of test rows in the paper.
    """

    datasets: list[str]
    paper_rows: int


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--long", help="table2_long.csv")
    parser.input("--all-long", help="table2_all_long.csv")
    parser.input("--metrics", many=True, help="test.metrics.json of every run")
    parser.input("--published", help="config/published.csv")
    parser.output("--report", help="consistency.json: the findings")
    parser.output("--markdown", help="the findings on the paper's numbers as Markdown")
    return parser


def main(args: argparse.Namespace) -> None:
    """Check our numbers, which must pass, and report on the paper's."""
    from common import files
    from softrec.io import csv_files
    from softrec.io.records import read_record
    from softrec.results import consistency, long_table, published

    settings = read_settings(args.settings, Settings)
    of_paper, of_all = {}, {}
    for dataset, path in zip(settings.datasets, args.metrics, strict=True):
        report = read_record(path)
        of_paper[dataset], of_all[dataset] = report.whole("rows", 1), report.whole("rows_all", 1)
    ours = consistency.check_ours(long_table.read_long(args.long), of_paper)
    ours_all = consistency.check_ours(long_table.read_long(args.all_long), of_all)
    theirs = consistency.check_published(published.read_published(args.published, 2), settings.paper_rows)
    files.write_json(args.report, {"ours": ours, "ours_all": ours_all, "published": theirs})
    csv_files.write_text(args.markdown, consistency.format_summary(theirs, settings.paper_rows))


if __name__ == "__main__":
    program.run(main, build_parser())
