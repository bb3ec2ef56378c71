"""Tune the SFT model by softmax direct preference optimisation (SDPO): true titles against random ones."""

import argparse
from functools import partial

from softrec.job import arguments, program
from softrec.job.settings import from_arguments, read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.tuning_arguments(parser)
    parser.input("--start", help="folder of the SFT adapter: the initial policy and the reference model")
    return parser


def main(args: argparse.Namespace) -> None:
    """Draw negatives, compute the reference model's log-likelihoods, tune."""
    from softrec.core import distributed
    from softrec.io.checkpoints import shared_run_key
    from softrec.splits import samples
    from softrec.tuning import run, sdpo
    from softrec.tuning.schedule import Constant

    with distributed.process_group():
        engine, paths = run.engine_settings(args.engine), from_arguments(args, run.TuningFiles)
        key = shared_run_key(args.settings, args.code, args.files_read)
        settings = read_settings(args.settings, sdpo.SdpoSettings)
        recommender = run.start_from_sft(paths, settings.tuning, args.start)
        train = samples.load_rows(args.train, recommender.items.count)
        seen = samples.load_seen(args.interactions, recommender.items.count)
        negatives = sdpo.negative_titles(train, recommender.items, seen, settings.negatives, settings.tuning.loop.seed)
        responses = sdpo.responses(recommender, train, negatives)
        own = settings.run(len(train))
        run.tune(
            paths,
            key,
            engine,
            own,
            recommender,
            responses,
            lambda: Constant(None),
            partial(sdpo.objective, settings.beta),
        )


if __name__ == "__main__":
    program.run(main, build_parser())
