"""Check the splits for leakage: compare every sequence with the interactions, or fail naming the row."""

import argparse

from softrec.io import tables
from softrec.job import program
from softrec.job.settings import read_settings

SPLITS = ("train", "valid", "test")


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--interactions", help="interactions.parquet")
    for split in SPLITS:
        parser.input(f"--{split}", help=f"sequences/{split}.parquet")
    parser.output("--audit", help="split_audit.json: what was checked, on how many rows")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load interactions and splits, check the splits, write the report."""
    from common import files, log
    from softrec.splits import sequences, split_audit

    settings = read_settings(args.settings, split_audit.AuditSettings)
    interactions = split_audit.Interactions.of(tables.read_table(args.interactions, ["user", "item", "timestamp"]))
    splits = [
        split_audit.Part.of(name, tables.read_table(getattr(args, name), list(sequences.TYPES))) for name in SPLITS
    ]
    report = split_audit.audit(interactions, splits, settings)
    for check in report["checks"]:
        log.info(f"holds  {check['check']}  ({check['rows']:,} rows)")
    files.write_json(args.audit, report)


if __name__ == "__main__":
    program.run(main, build_parser())
