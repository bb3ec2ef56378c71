"""Check that every row of a sample is an unchanged row of its split and was drawn only once.

Fails naming the first offending row.
"""

import argparse
from dataclasses import dataclass

from softrec.io import tables
from softrec.job import program
from softrec.job.settings import read_settings


@dataclass(frozen=True)
class Settings:
    """split: the name of the split, for messages."""

    split: str


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--sequences", help="sequences/SPLIT.parquet")
    parser.input("--sample", help="samples/SPLIT.parquet")
    parser.output("--audit", help="samples/SPLIT_audit.json: what was checked, on how many rows")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load the split and its sample, check the sample, write the report."""
    from common import files, log
    from softrec.splits import sample_audit, sequences, split_audit

    name = read_settings(args.settings, Settings).split
    split = split_audit.Part.of(name, tables.read_table(args.sequences, list(sequences.TYPES)))
    sample = split_audit.Part.of(f"{name}_sample", tables.read_table(args.sample, list(sequences.TYPES)))
    report = sample_audit.audit_sample(split, sample)
    for check in report["checks"]:
        log.info(f"holds  {check['check']}  ({check['rows']:,} rows)")
    files.write_json(args.audit, report)


if __name__ == "__main__":
    program.run(main, build_parser())
