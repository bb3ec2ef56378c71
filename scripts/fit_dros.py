"""Train DROS with one candidate of alpha and one seed, with the L2 that validation chose for SASRec."""

import argparse

from softrec import arguments, job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    arguments.sequential_arguments(parser)
    parser.input("--l2", help="the choice of SASRec's L2")
    return parser


def main(args: argparse.Namespace) -> None:
    """Train and save."""
    from softrec.sequential import dros, run

    settings = job.read_settings(args.settings, dros.DrosSettings)
    method = dros.Dros(settings.alpha, settings.beta, settings.popularity_power)
    run.fit_and_save(args, settings.fit, method, run.chosen_l2(args))


if __name__ == "__main__":
    job.run(main, parser())
