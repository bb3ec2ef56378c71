"""Compare Table 2 with the paper's, cell by cell."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--intervals", help="intervals_paper.csv: our cells, over the paper's sample of rows")
    parser.input("--published", help="config/published.csv: the paper's")
    parser.output("--csv", help="csv: method,backbone,dataset,metric,ours,paper,difference,low,high,verdict")
    parser.output("--markdown", help="the same to be read")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read both, compare, write."""
    from softrec import compare, csvfiles, published

    settings = job.read_settings(args.settings, compare.CompareSettings)
    paper = published.read_published(args.published, 2)
    ours = compare.read_intervals(args.intervals)
    rows = compare.compare(ours, paper, settings)
    csvfiles.write_text(args.csv, csvfiles.csv_text([compare.ComparedRow._fields, *rows]))
    seeds = min((row.seeds for row in ours), default=0)
    text = compare.described(rows, seeds, settings.paper_rows) if rows else compare.disjoint(ours, paper)
    csvfiles.write_text(args.markdown, text)


if __name__ == "__main__":
    job.run(main, parser())
