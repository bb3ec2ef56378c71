"""Plot Figure 5: the test metric of SOFT against alpha."""

import argparse
import itertools

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    settings_long = "all_settings_long.csv; table3_settings_long.csv too if there are other curricula"
    parser.input("--settings-long", many=True, help=settings_long)
    parser.input("--choices", many=True, help="alpha.json of each row in the figure, as settings.choices")
    parser.input("--ranks", many=True, help="test.ranks.parquet of each run of SOFT, in the order of settings.alphas")
    parser.output("--csv", help="the plotted numbers")
    parser.output("--intervals", help="csv: the plotted intervals")
    parser.output("--pdf", help="the figure as PDF with embedded fonts")
    parser.output("--png", help="the figure as PNG")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the results, draw the figure, write it and its numbers."""
    from softrec.io import csv_files
    from softrec.reporting.figures import figure5, style
    from softrec.results import runs

    settings = read_settings(args.settings, figure5.Figure5Settings)
    tables = (figure5.read_points(path, settings.metric) for path in args.settings_long)
    points = list(dict.fromkeys(itertools.chain.from_iterable(tables)))  # SOFT is in both tables
    selected = runs.read_selected(args.choices, settings.choices)
    chosen = {(row.dataset, row.backbone, row.method): setting.value for row, setting in selected.items()}
    spans = figure5.spans(args.ranks, settings.alphas)
    style.save(figure5.draw(points, spans, chosen, settings.metric), args.pdf, args.png)
    csv_files.write_text(args.csv, csv_files.csv_text([figure5.Point._fields, *points]))
    csv_files.write_text(args.intervals, csv_files.csv_text([figure5.Span._fields, *spans]))


if __name__ == "__main__":
    program.run(main, build_parser())
