"""Simulate how often repeated experiments would find SOFT's differences to other methods, by number of test rows."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--ranks", many=True, help="test.ranks.parquet of each run, in the order of settings.cells")
    parser.input("--choices", many=True, required=False, help="choice files, in the order of settings.choices")
    parser.output("--csv", help="csv: power and detectable difference of each comparison, by number of rows")
    parser.output("--markdown", help="the same as Markdown, a line per comparison")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the ranks, simulate experiments, write the tables."""
    from softrec.io import csv_files
    from softrec.reporting import power_table
    from softrec.results import runs
    from softrec.stats import method_comparison, power

    settings = read_settings(args.settings, power.PowerSettings)
    selected = runs.read_selected(args.choices, settings.choices)
    ranked = method_comparison.read_ranked(settings.cells, args.ranks, selected)
    found = power.measure(method_comparison.tallied(ranked, settings.metrics), settings)
    csv_files.write_text(args.csv, csv_files.csv_text([power.PowerRow._fields, *found]))
    csv_files.write_text(args.markdown, power_table.format_power(found, settings.rows))


if __name__ == "__main__":
    program.run(main, build_parser())
