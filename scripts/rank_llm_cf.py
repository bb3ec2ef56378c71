"""Rank the titles of all items that a user has not seen by LLM-CF's scores."""

import argparse

from softrec.job import arguments, program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.ranking_arguments(parser)
    arguments.decisions_arguments(parser)
    parser.input("--thoughts", help="cot.embeddings.npy: embeddings of the chains of thought")
    parser.input("--examples", help="test.examples.npy: the in-context examples of the rows")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load the model, rank the titles, write the targets' ranks."""
    from softrec.llm_enhanced import decisions, llm_cf
    from softrec.sequential import ranking, windows

    settings = read_settings(args.settings, llm_cf.LlmCfRankSettings)
    shape = settings.rank
    protocol = ranking.read_protocol(args.catalogue, args.interactions, shape.mask, shape.tie_seed)
    texts = decisions.read_texts(args.catalogue, args.titles, args.cot, args.thoughts, args.sample, shape.length)
    model = llm_cf.LlmCfEncoder(protocol.items, shape, texts, settings.weight, seed=0)
    rows = windows.read_windows(args.rows, protocol.items, shape.length)
    rows = decisions.with_examples(rows, args.examples, texts.examples)
    ranking.rank_and_save(model, args.model, rows, protocol, rows=args.rows, ranks=args.ranks)


if __name__ == "__main__":
    program.run(main, build_parser())
