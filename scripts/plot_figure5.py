"""Plot Figure 5: the test metric of SOFT against alpha."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--settings-long", help="all_settings_long.csv")
    parser.input("--choices", many=True, help="alpha.json of each backbone on each data set, as settings.choices")
    parser.output("--csv", help="the plotted numbers")
    parser.output("--pdf", help="the figure as PDF with embedded fonts")
    parser.output("--png", help="the figure as PNG")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the results, draw the figure, write it and its numbers."""
    from softrec.io import csv_files
    from softrec.reporting.figures import figure5, style
    from softrec.results import runs

    settings = read_settings(args.settings, figure5.Figure5Settings)
    points = figure5.read_points(args.settings_long, settings.metric)
    selected = runs.read_selected(args.choices, settings.choices)
    chosen = {(row.dataset, row.backbone): setting.value for row, setting in selected.items()}
    style.save(figure5.draw(points, chosen, settings.metric), args.pdf, args.png)
    csv_files.write_text(args.csv, csv_files.csv_text([figure5.Point._fields, *points]))


if __name__ == "__main__":
    program.run(main, build_parser())
