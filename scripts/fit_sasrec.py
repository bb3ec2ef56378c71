"""Train SASRec with one seed and a candidate or the selected value of L2; keep the best epoch on validation."""

import argparse

from softrec.job import arguments, program
from softrec.job.settings import from_arguments, read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.sequential_arguments(parser)
    return parser


def main(args: argparse.Namespace) -> None:
    """Train the model and save it."""
    from softrec.io.checkpoints import run_key
    from softrec.sequential import run, sasrec, trainer

    own = read_settings(args.settings, trainer.SasrecSettings)
    l2 = run.candidate_or_chosen(args.choice, "l2", own.l2)
    paths, key = from_arguments(args, run.FitFiles), run_key(args.settings, args.code, args.files_read)
    run.fit_and_save(paths, key, own.fit, sasrec.Sasrec(), l2)


if __name__ == "__main__":
    program.run(main, build_parser())
