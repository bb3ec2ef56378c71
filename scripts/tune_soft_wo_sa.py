"""Tune a LoRA adapter on self-distilled titles alone: SOFT without its self-adaptive scheduler (paper, section 4.3)."""

import argparse

from softrec.job import arguments, program
from softrec.job.settings import from_arguments, read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.tuning_arguments(parser)
    arguments.item_embeddings_argument(parser)
    parser.input("--self-distilled", help="self_distilled.parquet: the SFT model's titles for the training rows")
    return parser


def main(args: argparse.Namespace) -> None:
    """Tune with tau = 1: the loss covers the self-distilled titles only."""
    from softrec.core import distributed
    from softrec.io.checkpoints import shared_run_key
    from softrec.splits.samples import load_rows
    from softrec.tuning import run
    from softrec.tuning.schedule import Constant

    with distributed.process_group():
        engine, paths = run.engine_settings(args.engine), from_arguments(args, run.TuningFiles)
        key = shared_run_key(args.settings, args.code, args.files_read)
        settings = read_settings(args.settings, run.TuningSettings)
        recommender = run.start(paths, settings, args.item_embeddings)
        responses = run.self_distilled_responses(
            args.self_distilled, recommender, len(load_rows(args.train, recommender.items.count))
        )
        run.tune(paths, key, engine, settings, recommender, {"yhat": responses}, lambda: Constant(1.0))


if __name__ == "__main__":
    program.run(main, build_parser())
