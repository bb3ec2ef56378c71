"""Draw Figure 6: minutes of training against accuracy."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--ledger", help="ledger.csv")
    parser.input("--long", help="table2_long.csv")
    parser.input("--choices", many=True, required=False, help="choice files, in the order of settings.choices")
    parser.output("--csv", help="the numbers behind the figure")
    parser.output("--pdf", help="the figure for print, with fonts")
    parser.output("--png", help="the figure for a screen")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read, draw, write."""
    from softrec import choice_files, csvfiles, figure6, ledger, results, style

    settings = job.read_settings(args.settings, figure6.Figure6Settings)
    chosen = {
        (about.dataset, about.backbone, about.method): choice_files.read_choice(path).label()
        for about, path in zip(settings.choices, args.choices or [], strict=True)
    }
    entries, rows = ledger.read_ledger(args.ledger), results.read_long(args.long)
    points = figure6.points_of(entries, rows, chosen, settings.metric)
    style.save(figure6.draw(points, settings.metric), args.pdf, args.png)
    csvfiles.write_text(args.csv, csvfiles.csv_text([figure6.Point._fields, *points]))


if __name__ == "__main__":
    job.run(main, parser())
