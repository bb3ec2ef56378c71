"""Draw tau_t and d_t / d_0 by epoch for every run of SOFT."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--logs", many=True, help="training.jsonl of each run of SOFT, in the order of settings.cells")
    parser.output("--csv", help="the numbers behind the figure")
    parser.output("--pdf", help="the figure for print, with fonts")
    parser.output("--png", help="the figure for a screen")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the logs, draw, write the numbers and both forms."""
    from softrec import csvfiles, plots, style

    settings = job.read_settings(args.settings, plots.CurriculumSettings)
    curves = plots.read_curves(args.logs, settings.cells)
    style.save(plots.draw_curriculum(curves), args.pdf, args.png)
    csvfiles.write_text(args.csv, csvfiles.csv_text([plots.Step._fields, *plots.steps(curves)]))


if __name__ == "__main__":
    job.run(main, parser())
