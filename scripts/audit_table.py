"""Audit a printed table of results: find numbers that no test results give.

    python scripts/audit_table.py --table table.csv --rows 1000 --seeds 5

Hit ratios are checked for being means over whole hits, NDCGs against the hit
ratios, and Gains against the values that they compare. Exit status: 0 if
nothing impossible was found, 1 if something was, 2 if the input is wrong.
"""

import argparse
import io
import shutil
import sys

from common.errors import SoftrecError
from softrec.job import program

IMPOSSIBLE, REFUSED = 1, 2  # exit statuses


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--table", help="csv with a row per method and columns 'Game H@5', or with a line per value")
    parser.add_argument("--rows", type=int, required=True, help="number of test rows of a run")
    parser.add_argument("--seeds", type=int, required=True, help="number of runs whose mean a value is")
    parser.add_argument("--ours", default="SOFT", help="method whose Gain is given (SOFT)")
    parser.add_argument(
        "--competitors", nargs="+", default=["SFT", "SDPO"], help="a Gain is over the best of (SFT SDPO)"
    )
    parser.add_argument("--mean-gain", help="claimed mean of all Gains in percent, as printed")
    parser.add_argument("--percent", action="store_true", help="all metrics of the table are in percent")
    parser.output("--report", help="write the findings as JSON, too", required=False)
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the table, check it, print the findings, and end with their status."""
    from common import files
    from softrec.results import audit_text, consistency, printed_table, table_audit

    claimed = None if args.mean_gain is None else printed_table.number(args.mean_gain, gain=True)
    if args.mean_gain is not None and claimed is None:
        raise SoftrecError(
            f"--mean-gain is {args.mean_gain!r}", where="--mean-gain", remedy="give a number such as 37.59"
        )
    for flag in ("rows", "seeds"):
        if getattr(args, flag) < 1:
            remedy = "give a whole number from 1 on"
            raise SoftrecError(f"--{flag} is {getattr(args, flag)}", where=f"--{flag}", remedy=remedy)
    settings = table_audit.AuditSettings(args.rows, args.seeds, args.ours, args.competitors, claimed)
    table = printed_table.read_table(args.table, args.percent)
    if claimed and not any(key.method == consistency.GAIN for key in table.cells):
        what = f"--mean-gain is {args.mean_gain}, and {args.table} has no Gains"
        raise SoftrecError(what, where="--mean-gain", remedy="leave it out, or add a row named Gain")
    found = table_audit.audit(table.cells, settings)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a name of the table may have letters that an old terminal lacks
    print(audit_text.to_text(str(args.table), table, found, settings, shutil.get_terminal_size().columns))
    if args.report:
        files.write_json(args.report, table_audit.as_json(found))
    if found.faults:
        program.after_success(lambda: sys.exit(IMPOSSIBLE))


if __name__ == "__main__":
    program.run(main, build_parser(), refused=REFUSED)
