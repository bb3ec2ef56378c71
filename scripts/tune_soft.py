"""Tune a LoRA adapter by self-optimised fine-tuning, SOFT (paper, section 3).

The loss on self-distilled titles has weight tau, the loss on true titles 1 - tau.
"""

import argparse

from softrec.job import arguments, program
from softrec.job.settings import from_arguments, read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.tuning_arguments(parser)
    arguments.item_embeddings_argument(parser)
    parser.input("--self-distilled", help="self_distilled.parquet: the SFT model's titles for the training rows")
    parser.input("--initial-distance", help="initial_distance.json: d_0 and the rows that d_t is measured on")
    return parser


def main(args: argparse.Namespace) -> None:
    """Tune with tau = exp(alpha (d_t / d_0 - 1)), measured before each epoch."""
    from softrec.core import distributed
    from softrec.io.checkpoints import shared_run_key
    from softrec.io.records import read_record
    from softrec.splits.samples import load_rows
    from softrec.tuning import run
    from softrec.tuning.distance import distance_probe
    from softrec.tuning.scheduler import SelfAdaptive, SoftSettings

    with distributed.process_group():
        engine, paths = run.engine_settings(args.engine), from_arguments(args, run.TuningFiles)
        key = shared_run_key(args.settings, args.code, args.files_read)
        settings = read_settings(args.settings, SoftSettings)
        recommender = run.start(paths, settings.tuning, args.item_embeddings)
        train = load_rows(args.train, recommender.items.count)
        responses = {
            "y": recommender.labels(train),
            "yhat": run.self_distilled_responses(args.self_distilled, recommender, len(train)),
        }
        initial = read_record(args.initial_distance)
        rows, d_0 = initial.rows("rows", len(train)), initial.number("d_0", least=0)

        def schedule() -> SelfAdaptive:
            return SelfAdaptive(settings.alpha, settings.progression, d_0, distance_probe(recommender, train, rows))

        run.tune(paths, key, engine, settings.tuning, recommender, responses, schedule)


if __name__ == "__main__":
    program.run(main, build_parser())
