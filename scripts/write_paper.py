"""Write Table 2 and the figures as LaTeX floats with captions, for a paper of two columns."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--tables", many=True, help="table2.tex and table2_all.tex")
    parser.input(
        "--figures", many=True, required=False, help="each figure as PNG; the paper includes the PDF beside it"
    )
    parser.output("--latex", help="the floats, to be input in a document")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the widths of the figures, write the floats."""
    from softrec.io import csv_files
    from softrec.reporting import paper

    settings = read_settings(args.settings, paper.PaperSettings)
    csv_files.write_text(args.latex, paper.floats(args.tables, args.figures or [], settings))


if __name__ == "__main__":
    program.run(main, build_parser())
