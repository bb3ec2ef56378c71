"""Rank the titles of all items that a user has not had by LLM-CF's scores."""

import argparse

from softrec import arguments, job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    arguments.ranking_arguments(parser)
    arguments.decisions_arguments(parser)
    parser.input("--thoughts", help="cot.embeddings.npy: embeddings of the chains of thought")
    parser.input("--examples", help="test.examples.npy: the in-context examples of the rows")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load, rank, write."""
    from softrec.sequential import allrank, decisions, llm_cf, windows

    settings = job.read_settings(args.settings, llm_cf.LlmCfRankSettings)
    shape = settings.rank
    protocol = allrank.read_protocol(args.catalogue, args.interactions, shape.mask, shape.tie_seed)
    texts = decisions.read_texts(args.catalogue, args.titles, args.cot, args.thoughts, args.sample, shape.length)
    model = llm_cf.LlmCfEncoder(protocol.items, shape, texts, settings.weight, seed=0)
    rows = windows.read_windows(args.rows, protocol.items, shape.length)
    rows = decisions.with_examples(rows, args.examples, texts.examples)
    allrank.rank_and_save(args, model, rows, protocol)


if __name__ == "__main__":
    job.run(main, parser())
