"""Gather where the minutes of a run went, stage by stage."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--logs", many=True, help="training.jsonl of each run, in the order of settings.logs")
    parser.input(
        "--answers", many=True, required=False, help="self_distilled.parquet, in the order of settings.generated"
    )
    parser.input(
        "--distances", many=True, required=False, help="initial_distance.json, in the order of settings.distances"
    )
    parser.output("--ledger", help="ledger.csv: dataset,backbone,method,seed,setting,stage,minutes,ranks,device")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read, write."""
    from softrec import csvfiles, ledger

    settings = job.read_settings(args.settings, ledger.LedgerSettings)
    entries = ledger.ledger(args.logs, args.answers or [], args.distances or [], settings)
    csvfiles.write_text(args.ledger, csvfiles.csv_text([ledger.Entry._fields, *entries]))


if __name__ == "__main__":
    job.run(main, parser())
