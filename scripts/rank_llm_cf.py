"""Rank all items a user has not had by LLM-CF's scores."""

import argparse

from softrec import arguments, job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    arguments.ranking_arguments(parser)
    arguments.thoughts_arguments(parser)
    return parser


def main(args: argparse.Namespace) -> None:
    """Load, retrieve, rank, write."""
    from softrec.sequential import allrank, llm_cf, retrieval, windows

    settings = job.read_settings(args.settings, llm_cf.LlmCfRankSettings)
    shape, how = settings.rank, settings.in_context
    protocol = allrank.read_protocol(args.catalogue, args.interactions, shape.mask, shape.tie_seed)
    texts = retrieval.read_texts(args.catalogue, args.titles, args.cot, args.thoughts, args.sample, shape.length)
    model = llm_cf.LlmCfEncoder(protocol.items, shape, texts, how, seed=0)
    rows = windows.read_windows(args.rows, protocol.items, shape.length)
    rows = retrieval.with_examples(rows, args.rows, texts, how.examples_per_label)
    allrank.rank_and_save(args, model, rows, protocol)


if __name__ == "__main__":
    job.run(main, parser())
