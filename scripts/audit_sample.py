"""Prove that a sample holds rows of its split alone, each as it is there and drawn once, or fail naming the row."""

import argparse
from dataclasses import dataclass

from softrec.io import tables
from softrec.job import program
from softrec.job.settings import read_settings


@dataclass(frozen=True)
class Settings:
    """What of the configuration the audit needs: which split it is, for its sentences."""

    split: str


def build_parser() -> program.Parser:
    """Arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--sequences", help="sequences/SPLIT.parquet")
    parser.input("--sample", help="samples/SPLIT.parquet")
    parser.output("--audit", help="samples/SPLIT_audit.json: what was checked, on how many rows")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load, check, write."""
    from common import files, log
    from softrec.splits import sample_audit, sequences, split_audit

    name = read_settings(args.settings, Settings).split
    split = split_audit.Part.of(name, tables.read_table(args.sequences, list(sequences.TYPES)))
    sample = split_audit.Part.of(f"{name}_sample", tables.read_table(args.sample, list(sequences.TYPES)))
    report = sample_audit.audit_sample(split, sample)
    for check in report["checks"]:
        log.say(f"holds  {check['check']}  ({check['rows']:,} rows)")
    files.write_json(args.audit, report)


if __name__ == "__main__":
    program.run(main, build_parser())
