"""Rank all items a user has not had by LLM-CF's scores."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    job.ranking_arguments(parser)
    parser.input("--titles", help="titles.npy of the text encoder: embeddings of the distinct titles")
    parser.input("--cot", help="cot.parquet: known decisions")
    parser.input("--thoughts", help="cot.embeddings.npy: embeddings of the chains of thought")
    parser.input("--sample", help="samples/train.parquet: the rows of the decisions")
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
