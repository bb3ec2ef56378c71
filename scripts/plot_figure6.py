"""Plot Figure 6: minutes of training against accuracy."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--minutes", help="device_minutes.csv")
    parser.input("--long", help="table2_long.csv")
    parser.input("--choices", many=True, required=False, help="choice files, in the order of settings.choices")
    parser.output("--csv", help="the plotted numbers")
    parser.output("--pdf", help="the figure as PDF with embedded fonts")
    parser.output("--png", help="the figure as PNG")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read runtimes and results, draw the figure, write it and its numbers."""
    from softrec.io import csv_files
    from softrec.reporting.figures import figure6, style
    from softrec.results import long_table, runs, runtimes

    settings = read_settings(args.settings, figure6.Figure6Settings)
    selected = runs.read_selected(args.choices, settings.choices)
    entries, rows = runtimes.read_runtimes(args.minutes), long_table.read_long(args.long)
    points = figure6.points_of(entries, rows, selected, settings.metric)
    style.save(figure6.draw(points, settings.metric), args.pdf, args.png)
    csv_files.write_text(args.csv, csv_files.csv_text([figure6.Point._fields, *points]))


if __name__ == "__main__":
    program.run(main, build_parser())
