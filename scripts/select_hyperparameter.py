"""Select a hyperparameter by the validation metrics of its training runs, and write a choice file."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--logs", many=True, help="training.jsonl of each candidate, in the order of settings.candidates")
    parser.output("--choice", help="JSON: the selected value and the metrics that it was selected by")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the logs' summaries, select the value, write the choice."""
    from common import files, log
    from softrec.evaluation import selection

    settings = read_settings(args.settings, selection.SelectionSettings)
    choice = selection.decide(settings, [selection.kept_epoch(path, settings.metrics) for path in args.logs])
    log.info(f"{choice['name']} = {choice['chosen']}  by {', '.join(choice['metrics'])} on validation")
    files.write_json(args.choice, choice)


if __name__ == "__main__":
    program.run(main, build_parser())
