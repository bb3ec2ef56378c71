"""Tune a LoRA adapter on the true titles: supervised fine-tuning, SFT (paper, section 2.2)."""

import argparse

from softrec.job import arguments, program
from softrec.job.settings import from_arguments, read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.tuning_arguments(parser)
    arguments.item_embeddings_argument(parser)
    return parser


def main(args: argparse.Namespace) -> None:
    """Tune with tau = 0: the loss covers the true titles only."""
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
        labels = recommender.labels(load_rows(args.train, recommender.items.count))
        run.tune(paths, key, engine, settings, recommender, {"y": labels}, lambda: Constant(0.0))


if __name__ == "__main__":
    program.run(main, build_parser())
