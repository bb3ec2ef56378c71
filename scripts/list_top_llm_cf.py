"""List the titles with the highest scores of LLM-CF, as TREC run and qrels and as a table."""

import argparse

from softrec.job import arguments, program
from softrec.job.settings import read_settings
from softrec.use import top_lists


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--model", help="model.safetensors")
    parser.input("--rows", help="samples/test.parquet")
    parser.input("--interactions", help="interactions.parquet, for masks up to a row's position")
    parser.input("--catalogue", help="catalogue.parquet")
    arguments.decisions_arguments(parser)
    parser.input("--thoughts", help="cot.embeddings.npy: embeddings of the chains of thought")
    parser.input("--examples", help="test.examples.npy: the in-context examples of the rows")
    top_lists.output_arguments(parser)
    return parser


def main(args: argparse.Namespace) -> None:
    """Load the model, find the best titles of each row, compare with the ranks, write."""
    from softrec.llm_enhanced import decisions, llm_cf
    from softrec.sequential import ranking, windows
    from softrec.splits import samples
    from softrec.use import top_llm_cf, top_scores

    settings = read_settings(args.settings, top_llm_cf.TopLlmCfSettings)
    shape = settings.rank
    protocol = ranking.read_protocol(args.catalogue, args.interactions, shape.mask, shape.tie_seed)
    texts = decisions.read_texts(args.catalogue, args.titles, args.cot, args.thoughts, args.sample, shape.length)
    model = llm_cf.LlmCfEncoder(protocol.items, shape, texts, settings.weight, seed=0)
    rows = windows.read_windows(args.rows, protocol.items, shape.length)
    rows = decisions.with_examples(rows, args.examples, texts.examples)
    tops = top_scores.best_titles(model, args.model, rows, protocol, settings.k)
    items = samples.load_items(args.catalogue)
    lists = top_lists.Lists(args.run, args.qrels, args.table)
    top_lists.check_and_write(tops, items, args.catalogue, args.ranks, lists)


if __name__ == "__main__":
    program.run(main, build_parser())
