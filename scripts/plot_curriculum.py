"""Plot tau_t and d_t / d_0 by epoch for each run of SOFT."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--logs", many=True, help="training.jsonl of each run of SOFT, in the order of settings.cells")
    parser.output("--csv", help="the plotted numbers")
    parser.output("--pdf", help="the figure as PDF with embedded fonts")
    parser.output("--png", help="the figure as PNG")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the logs, draw the figure, write it and its numbers."""
    from softrec.io import csv_files
    from softrec.reporting.figures import curriculum, style

    settings = read_settings(args.settings, curriculum.CurriculumSettings)
    curves = curriculum.read_curves(args.logs, settings.cells)
    style.save(curriculum.draw_curriculum(curves), args.pdf, args.png)
    csv_files.write_text(args.csv, csv_files.csv_text([curriculum.Step._fields, *curriculum.steps(curves)]))


if __name__ == "__main__":
    program.run(main, build_parser())
