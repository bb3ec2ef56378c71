"""Supervised fine-tuning (SFT): LoRA on the true titles (paper, section 2.2)."""

import argparse

from softrec import arguments, job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    arguments.tuning_arguments(parser)
    arguments.item_embeddings_argument(parser)
    return parser


def main(args: argparse.Namespace) -> None:
    """Tune with tau = 0: every update is on the true titles."""
    from softrec import distributed, tuning
    from softrec.samples import load_rows
    from softrec.training import Constant

    with distributed.ranks():
        settings = job.read_settings(args.settings, tuning.TuningSettings)
        recommender = tuning.start(args, settings)
        labels = recommender.labels(load_rows(args.train, recommender.items.count))
        tuning.tune(args, settings, recommender, {"y": labels}, lambda: Constant(0.0))


if __name__ == "__main__":
    job.run(main, parser())
