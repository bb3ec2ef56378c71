"""Tune a language model by a strategy: SFT, SOFT, SOFT w/o SA (paper, sections 2.2 to 4.3), S-DPO, SimPO."""

import argparse

from softrec.job import arguments, program
from softrec.job.settings import from_arguments, read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.tuning_arguments(parser)
    arguments.strategy_arguments(parser)
    return parser


def main(args: argparse.Namespace) -> None:
    """Load the model that the strategy starts from, prepare its responses, tune."""
    from softrec.core import distributed
    from softrec.io.checkpoints import shared_run_key
    from softrec.splits.samples import load_rows
    from softrec.tuning import run, strategy
    from softrec.tuning.settings import StrategySettings, TuningFiles

    with distributed.process_group():
        engine, paths = run.engine_settings(args.engine), from_arguments(args, TuningFiles)
        key = shared_run_key(args.settings, args.code, args.files_read)
        settings = read_settings(args.settings, StrategySettings)
        recommender = run.start(paths, settings, args.start, args.item_embeddings)
        train = load_rows(args.train, recommender.items.count)
        files = from_arguments(args, strategy.StrategyFiles)
        before = strategy.TuningRun(recommender, train, settings.tuning, files)
        by = strategy.prepare(settings.strategy, settings.options, before)
        run.tune(paths, key, engine, recommender, train, by)


if __name__ == "__main__":
    program.run(main, build_parser())
