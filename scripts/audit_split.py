"""Prove that splits leak nothing: hold every sequence against the interactions, or fail naming the row."""

import argparse

from softrec import job

SPLITS = ("train", "valid", "test")


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--interactions", help="interactions.parquet")
    for split in SPLITS:
        parser.input(f"--{split}", help=f"sequences/{split}.parquet")
    parser.output("--audit", help="split_audit.json: what was checked, on how many rows")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load, check, write."""
    from softrec import files, leakage, log, sequences

    settings = job.read_settings(args.settings, leakage.AuditSettings)
    interactions = leakage.Interactions.of(files.read_table(args.interactions, ["user", "item", "timestamp"]))
    splits = [leakage.Part.of(name, files.read_table(getattr(args, name), list(sequences.TYPES))) for name in SPLITS]
    report = leakage.audit(interactions, splits, settings)
    for check in report["checks"]:
        log.say(f"holds  {check['check']}  ({check['rows']:,} rows)")
    files.write_json(args.audit, report)


if __name__ == "__main__":
    job.run(main, parser())
