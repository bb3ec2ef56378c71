"""Softmax direct preference optimisation (SDPO): the SFT model tuned on true titles against random ones."""

import argparse

from softrec import arguments, job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    arguments.tuning_arguments(parser)
    parser.input("--start", help="folder of the SFT adapter: where the policy starts, and the reference")
    return parser


def main(args: argparse.Namespace) -> None:
    """Draw negatives, ask the reference, tune."""
    from softrec import distributed, samples, sdpo, tuning

    with distributed.ranks():
        settings = job.read_settings(args.settings, sdpo.SdpoSettings)
        recommender = tuning.start_from_sft(args, settings.tuning)
        train = samples.load_rows(args.train, recommender.items.count)
        seen = samples.load_seen(args.interactions, recommender.items.count)
        negatives = sdpo.negative_titles(train, recommender.items, seen, settings.negatives, settings.tuning.loop.seed)
        responses = sdpo.responses(recommender, train, negatives)
        run = settings.run(len(train))
        tuning.tune(args, run, recommender, responses, sdpo.Preference, sdpo.tuner(settings.beta))


if __name__ == "__main__":
    job.run(main, parser())
