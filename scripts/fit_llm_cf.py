"""Train LLM-CF: SASRec, with in-context examples and chains of thought."""

import argparse

from softrec import arguments, job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    arguments.sequential_arguments(parser)
    arguments.thoughts_arguments(parser)
    return parser


def main(args: argparse.Namespace) -> None:
    """Retrieve, train, save."""
    from functools import partial

    from softrec.sequential import llm_cf, retrieval, run

    settings = job.read_settings(args.settings, llm_cf.LlmCfSettings)
    texts = retrieval.read_texts(args.catalogue, args.titles, args.cot, args.thoughts, args.sample, settings.fit.length)
    method = llm_cf.LlmCf(settings.in_context, texts, settings.fit.seed)
    enrich = partial(retrieval.with_examples, texts=texts, per_label=settings.in_context.examples_per_label)
    l2 = run.candidate_or_chosen(args, "l2", settings.l2)
    run.fit_and_save(args, settings.fit, method, l2, enrich, chains_of_thought=len(texts.examples.item))


if __name__ == "__main__":
    job.run(main, parser())
