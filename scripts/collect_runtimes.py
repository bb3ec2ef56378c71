"""Collect the runtime in minutes of each stage of a run."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--logs", many=True, help="training.jsonl of each run, in the order of settings.logs")
    parser.input(
        "--answers", many=True, required=False, help="self_distilled.parquet, in the order of settings.generated"
    )
    parser.input(
        "--distances", many=True, required=False, help="initial_distance.json, in the order of settings.distances"
    )
    parser.output("--runtimes", help="runtimes.csv: dataset,backbone,method,seed,setting,stage,minutes,ranks,device")
    parser.output("--device-minutes", help="the same with minutes of a GPU, or of CPU time, instead of the clock's")
    parser.output("--markdown", help="means over seeds by method and stage, as Markdown")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the durations, write the table."""
    from softrec.io import csv_files
    from softrec.reporting import runtimes_table
    from softrec.results import device_minutes, runtimes

    settings = read_settings(args.settings, runtimes.RuntimesSettings)
    found = runtimes.collect(args.logs, args.answers or [], args.distances or [], settings)
    entries = [entry for entry, _ in found]
    spent = [device_minutes.on_device(entry, path) for entry, path in found]
    csv_files.write_text(args.runtimes, csv_files.csv_text([runtimes.Entry._fields, *entries]))
    csv_files.write_text(args.device_minutes, csv_files.csv_text([runtimes.Entry._fields, *spent]))
    csv_files.write_text(args.markdown, runtimes_table.format_runtimes(entries))


if __name__ == "__main__":
    program.run(main, build_parser())
