"""Train LLM-CF: SASRec with in-context examples and chains of thought."""

import argparse

from softrec.job import arguments, program
from softrec.job.settings import from_arguments, read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.sequential_arguments(parser)
    arguments.decisions_arguments(parser)
    parser.input("--thoughts", help="cot.embeddings.npy: embeddings of the chains of thought")
    parser.input("--train-examples", help="train.examples.npy: the in-context examples of the rows of --train")
    parser.input("--valid-examples", help="valid.examples.npy: the in-context examples of the rows of --valid")
    return parser


def main(args: argparse.Namespace) -> None:
    """Train the model and save it."""
    from pathlib import Path

    from softrec.io.checkpoints import run_key
    from softrec.llm_enhanced import decisions, llm_cf
    from softrec.sequential import run, windows

    own = read_settings(args.settings, llm_cf.LlmCfSettings)
    texts = decisions.read_texts(args.catalogue, args.titles, args.cot, args.thoughts, args.sample, own.fit.length)
    method = llm_cf.LlmCf(own.in_context, texts, own.negatives, own.fit.seed)
    l2 = run.candidate_or_chosen(args.choice, "l2", own.l2)
    examples = {args.train: args.train_examples, args.valid: args.valid_examples}

    def enrich(rows: windows.Windows, path: Path) -> windows.Windows:
        return decisions.with_examples(rows, examples[path], texts.examples)

    paths, key = from_arguments(args, run.FitFiles), run_key(args.settings, args.code, args.files_read)
    run.fit_and_save(paths, key, own.fit, method, l2, enrich, chains_of_thought=len(texts.examples.item))


if __name__ == "__main__":
    program.run(main, build_parser())
