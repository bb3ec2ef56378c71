"""Print Table 2 as plain text from the long table of results."""

import argparse
import io
import shutil
import sys
import textwrap

from softrec.job import program


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--long", help="table2_long.csv, or table2_all_long.csv with --tests")
    parser.input(
        "--bounds", help="table3_long.csv, or table3_all_long.csv: its rows without a backbone", required=False
    )
    parser.input("--tests", help="significance.csv: SOFT against the other methods", required=False)
    parser.add_argument("--columns", type=int, help="maximum width in characters, by default the terminal's")
    return parser


def main(args: argparse.Namespace) -> None:
    """Average over seeds and print the table. Rows and data sets keep the order of the long table."""
    from softrec.reporting import gain_marks, plain_text, table2
    from softrec.reporting.means import average, bounds
    from softrec.results import long_table

    columns = args.columns or shutil.get_terminal_size().columns
    rows = long_table.read_long(args.long)
    means, shape = average(rows), table2.shape_of(rows)
    below = bounds([long_table.read_long(args.bounds)] if args.bounds else [])
    marked, sentence = gain_marks.beyond_noise(args.tests, means) if args.tests else (set(), "")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an old terminal may lack ± and ─
    print(plain_text.to_text(table2.table2(means, shape, marked, below), columns))
    print(textwrap.fill(table2.note(means, shape, "starred", sentence, below), columns))


if __name__ == "__main__":
    program.run(main, build_parser())
