"""Print Table 2 as plain text, from the long table of results."""

import argparse
import shutil
import sys
import textwrap

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--long", help="table2_long.csv, or table2_all_long.csv with --tests")
    parser.input("--tests", help="significance.csv: SOFT against the others", required=False)
    parser.add_argument("--columns", type=int, help="width to fit, by default the terminal's")
    return parser


def main(args: argparse.Namespace) -> None:
    """Average over seeds, print. Rows and data sets come in the order of the long table."""
    from softrec import noise, plaintext, results, tables

    columns = args.columns or shutil.get_terminal_size().columns
    rows = results.read_long(args.long)
    means, shape = tables.average(rows), tables.shape_of(rows)
    marked, sentence = noise.beyond_noise(args.tests, means) if args.tests else (set(), "")
    sys.stdout.reconfigure(errors="replace")  # an old terminal may lack ± and ─
    print(plaintext.to_text(tables.table2(means, shape, marked), columns))
    print(textwrap.fill(tables.note(means, shape, "starred", sentence), columns))


if __name__ == "__main__":
    job.run(main, parser())
