"""Write a Markdown page that reports the results of a run."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--manifest", help="manifest.json of the run")
    parser.input("--intervals", help="intervals.csv: the interval of each cell")
    parser.input("--tests", help="significance.csv: SOFT against the other methods")
    parser.input("--logs", many=True, required=False, help="training.jsonl of each run, as in settings.logs")
    described = "self_distilled.metrics.json, in the order of settings.described"
    parser.input("--described", many=True, required=False, help=described)
    parser.input("--ranks", many=True, required=False, help="test.ranks.parquet of SOFT, as settings.alphas.cells")
    parser.input("--choices", many=True, required=False, help="alpha.json, in the order of settings.choices")
    parser.input("--table3", many=True, required=False, help="table3.csv, if there are bounds or controls")
    parser.input("--power", many=True, required=False, help="power.csv, and table3_power.csv if there is a Table 3")
    parser.input("--variance", many=True, required=False, help="variance.csv, if data sets differ in their sample")
    parser.output("--page", help="reproduction.md")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the files, write a section for each kind of file given."""
    from common import files
    from softrec.io import csv_files
    from softrec.reporting.summary import further, page, test_results, training
    from softrec.results import provenance, runs
    from softrec.stats import paper_comparison

    settings = read_settings(args.settings, page.ReproductionSettings)
    manifest, jobs = files.read_json(args.manifest), provenance.trace(args.files_read).jobs.values()
    intervals, metrics = paper_comparison.read_intervals(args.intervals), settings.alphas.metrics
    logs = training.read_logs(settings.logs, args.logs or [])
    sections = [page.head(manifest, intervals)]
    sections.append(test_results.test_rows(intervals, test_results.read_tests(args.tests, metrics), metrics))
    sections += further.variance([further.read_components(path) for path in args.variance or []])
    sections += further.power([further.read_power(path) for path in args.power or []])
    for path in args.table3 or []:
        sections += further.further(further.read_lines(path), metrics)
    if args.ranks:
        selected = runs.read_selected(args.choices, settings.alphas.choices)
        sections.append(test_results.by_alpha(args.ranks, settings.alphas, selected))
    if args.described:
        told = [files.read_json(path) for path in args.described]
        sections.append(training.self_distilled(logs, settings.described, told))
    if logs:
        sections.append(training.by_epoch(logs, settings.distance_rows))
    sections += [page.facts(manifest, jobs), page.times(jobs)]
    csv_files.write_text(args.page, "\n".join(sections))


if __name__ == "__main__":
    program.run(main, build_parser())
