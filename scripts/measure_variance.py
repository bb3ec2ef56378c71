"""Estimate how much results vary with training seeds, samples of training rows and test users, from crossed runs."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--ranks", many=True, help="test.ranks.parquet of each run, in the order of settings.cells")
    parser.input("--choices", many=True, required=False, help="choice files, in the order of settings.choices")
    parser.output("--csv", help="csv: each variance component of each method and difference, with its interval")
    parser.output("--markdown", help="the same as Markdown, a line per method and difference")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the ranks, estimate the components, write the tables."""
    from softrec.io import csv_files
    from softrec.reporting import variance_table
    from softrec.results import runs
    from softrec.stats import crossed_design, method_comparison

    settings = read_settings(args.settings, crossed_design.VarianceSettings)
    selected = runs.read_selected(args.choices, settings.choices)
    ranked = method_comparison.read_ranked(settings.cells, args.ranks, selected)
    found = crossed_design.measure(ranked, settings)
    csv_files.write_text(args.csv, csv_files.csv_text([crossed_design.ComponentRow._fields, *found]))
    csv_files.write_text(args.markdown, variance_table.format_variance(found))


if __name__ == "__main__":
    program.run(main, build_parser())
