"""Plot Figure 2: losses in the first epoch, and hit ratios of self-distilled titles on their training rows."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--sft", many=True, help="training.jsonl of SFT, in the order of settings.cells")
    parser.input("--wo-sa", many=True, help="training.jsonl of SOFT(w/o SA), in the same order")
    parser.input("--metrics", many=True, help="self_distilled.metrics.json, in the same order")
    parser.output("--csv", help="the plotted numbers")
    parser.output("--pdf", help="the figure as PDF with embedded fonts")
    parser.output("--png", help="the figure as PNG")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read logs and metrics, draw the figure, write it and its numbers."""
    from softrec.io import csv_files
    from softrec.reporting.figures import figure2, style

    settings = read_settings(args.settings, figure2.Figure2Settings)
    bars = figure2.read_bars(args.sft, args.wo_sa, args.metrics, settings.cells)
    style.save(figure2.draw(bars), args.pdf, args.png)
    csv_files.write_text(args.csv, csv_files.csv_text([figure2.Bars._fields, *bars]))


if __name__ == "__main__":
    program.run(main, build_parser())
