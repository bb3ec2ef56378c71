"""Train DROS with one seed, the L2 selected for SASRec, and a candidate or the selected value of alpha."""

import argparse

from softrec.job import arguments, program
from softrec.job.settings import from_arguments, read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.sequential_arguments(parser)
    parser.input("--l2", help="the choice file of SASRec's L2")
    return parser


def main(args: argparse.Namespace) -> None:
    """Train the model and save it."""
    from softrec.io.checkpoints import run_key
    from softrec.sequential import dros, run

    settings = read_settings(args.settings, dros.DrosSettings)
    alpha = run.candidate_or_chosen(args.choice, "alpha", settings.alpha)
    method = dros.Dros(alpha, settings.beta, settings.popularity_power)
    paths, key = from_arguments(args, run.FitFiles), run_key(args.settings, args.code, args.files_read)
    run.fit_and_save(paths, key, settings.fit, method, run.read_selected(args.l2, "l2"), alpha=alpha)


if __name__ == "__main__":
    program.run(main, build_parser())
