"""Collect the metrics of all test runs into long tables: the selected settings for Table 2, and all candidates."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--metrics", many=True, help="test.metrics.json of each run, in the order of settings.cells")
    parser.input("--choices", many=True, required=False, help="choice files, in the order of settings.choices")
    parser.output("--long", help="csv: method,backbone,dataset,metric,seed,value; selected settings only")
    parser.output("--all-long", help="the same over all test rows; the other tables cover the paper's sample")
    parser.output("--settings-long", help="as --long plus a column setting (alpha=10): all candidates")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the metrics, mark the selected settings, write the tables."""
    from common import log
    from softrec.io import csv_files
    from softrec.results import collect, long_table, runs

    settings = read_settings(args.settings, collect.CollectSettings)
    selected = runs.read_selected(args.choices, settings.choices)
    measured, of_all = (
        collect.collect(settings.cells, [collect.read_metrics(path, key) for path in args.metrics], selected)
        for key in ("metrics", "metrics_all")
    )
    long_table.write_long(args.long, [m.row for m in measured if m.chosen])
    long_table.write_long(args.all_long, [m.row for m in of_all if m.chosen])
    header = (*long_table.LongRow._fields, "setting")
    csv_files.write_text(args.settings_long, csv_files.csv_text([header, *((*m.row, m.setting) for m in measured)]))
    log.info(f"{len(settings.cells)} runs, {sum(m.chosen for m in measured)} of {len(measured)} values go into Table 2")


if __name__ == "__main__":
    program.run(main, build_parser())
