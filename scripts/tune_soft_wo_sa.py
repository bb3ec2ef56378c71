"""SOFT without its self-adaptive scheduler (w/o SA): LoRA on self-distilled titles alone (paper, section 4.3)."""

import argparse

from softrec import arguments, job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    arguments.tuning_arguments(parser)
    arguments.item_embeddings_argument(parser)
    parser.input("--self-distilled", help="self_distilled.parquet: what the SFT model said to the training prompts")
    return parser


def main(args: argparse.Namespace) -> None:
    """Tune with tau = 1: every update is on self-distilled titles."""
    from softrec import distributed, tuning
    from softrec.samples import load_rows
    from softrec.training import Constant

    with distributed.ranks():
        settings = job.read_settings(args.settings, tuning.TuningSettings)
        recommender = tuning.start(args, settings)
        responses = tuning.self_distilled_responses(
            args, recommender, len(load_rows(args.train, recommender.items.count))
        )
        tuning.tune(args, settings, recommender, {"yhat": responses}, lambda: Constant(1.0))


if __name__ == "__main__":
    job.run(main, parser())
