"""Train an ID-based sequential recommender that reads only items (SASRec, DROS, GRU4Rec, ...) with one seed.

The hyperparameter that is searched is a candidate, or the value selected on validation. The best epoch on validation is
kept.
"""

import argparse

from softrec.job import arguments, program
from softrec.job.settings import from_arguments, read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.sequential_arguments(parser)
    parser.input("--l2", required=False, many=True, help="the choice file of SASRec's L2, if L2 is not searched")
    return parser


def main(args: argparse.Namespace) -> None:
    """Train the model and save it."""
    from softrec.io.checkpoints import run_key
    from softrec.sequential import run

    settings = read_settings(args.settings, run.SequentialSettings)
    method, l2, searched = run.chosen_method(settings, args.choice, args.l2)
    paths, key = from_arguments(args, run.FitFiles), run_key(args.settings, args.code, args.files_read)
    run.fit_and_save(paths, key, settings.fit, method, l2, run.as_read, **searched)


if __name__ == "__main__":
    program.run(main, build_parser())
