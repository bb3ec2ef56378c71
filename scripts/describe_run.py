"""Write down what came out of a run: a page in Markdown, made of its numbers alone."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--manifest", help="manifest.json of the run")
    parser.input("--intervals", help="intervals.csv: each cell with its interval")
    parser.input("--tests", help="significance.csv: SOFT against the others")
    parser.input("--logs", many=True, required=False, help="training.jsonl of each tuned row, as settings.logs")
    described = "self_distilled.metrics.json, in the order of settings.described"
    parser.input("--described", many=True, required=False, help=described)
    parser.input("--ranks", many=True, required=False, help="test.ranks.parquet of SOFT, as settings.alphas.cells")
    parser.input("--choices", many=True, required=False, help="alpha.json, in the order of settings.choices")
    parser.output("--page", help="reproduction.md")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read, put a section of each kind of file that there is, write."""
    from softrec import choice_files, compare, csvfiles, files, provenance, reproduction, told_rows, told_training

    settings = job.read_settings(args.settings, reproduction.ReproductionSettings)
    manifest, jobs = files.read_json(args.manifest), provenance.trace(args.files_read).jobs.values()
    intervals, metrics = compare.read_intervals(args.intervals), settings.alphas.metrics
    logs = told_training.read_logs(settings.logs, args.logs or [])
    sections = [reproduction.head(manifest, intervals)]
    sections.append(told_rows.test_rows(intervals, told_rows.read_tests(args.tests, metrics), metrics))
    if args.ranks:
        choices = map(choice_files.read_choice, args.choices)
        chosen = {(of.dataset, of.backbone): choice for of, choice in zip(settings.choices, choices, strict=True)}
        sections.append(told_rows.by_alpha(args.ranks, settings.alphas, chosen))
    if args.described:
        told = [files.read_json(path) for path in args.described]
        sections.append(told_training.self_distilled(logs, settings.described, told))
    if logs:
        sections.append(told_training.by_epoch(logs, settings.distance_rows))
    sections += [reproduction.facts(manifest, jobs), reproduction.times(jobs)]
    csvfiles.write_text(args.page, "\n".join(sections))


if __name__ == "__main__":
    job.run(main, parser())
