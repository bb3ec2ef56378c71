"""Train SASRec with a sampled softmax, LLM-CF's loss; keep the epoch that is best on validation."""

import argparse

from softrec.job import arguments, program


def parser() -> program.Parser:
    """Arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.sequential_arguments(parser)
    return parser


def main(args: argparse.Namespace) -> None:
    """Train and save."""
    from softrec.sequential import run, sampled_softmax

    own = program.read_settings(args.settings, sampled_softmax.SampledSoftmaxSettings)
    l2 = run.candidate_or_chosen(args, "l2", own.l2)
    run.fit_and_save(args, own.fit, sampled_softmax.SampledSoftmax(own.negatives), l2)


if __name__ == "__main__":
    program.run(main, parser())
