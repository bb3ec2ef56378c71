"""Let the un-tuned LLM reason about known decisions: the base of chains of thought of LLM-CF."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--llm", help="folder of the base model")
    parser.input("--catalogue", help="catalogue.parquet")
    parser.input("--interactions", help="interactions.parquet: what a user has had")
    parser.input("--train", help="samples/train.parquet")
    parser.output("--cot", help="cot.parquet: row, label, item, text, finished")
    return parser


def main(args: argparse.Namespace) -> None:
    """Decide, ask, write."""
    from softrec import cot, distributed, files, generation, language_model, samples
    from softrec.prompts import check_context

    with distributed.ranks():
        settings = job.read_settings(args.settings, cot.CotSettings)
        items = samples.load_items(args.catalogue)
        rows = samples.load_rows(args.train, items.count)
        decisions = cot.draw_decisions(
            rows, items.title_id, samples.load_seen(args.interactions, items.count), settings
        )
        llm = language_model.load(args.llm, "plain", settings.precision, kernels=settings.kernels)
        prompts = cot.encode(decisions, rows, items, llm.tokenizer, settings)
        check_context(prompts, [settings.max_new_tokens] * len(prompts), llm.context)
        how = generation.GenerationSettings(1, settings.max_new_tokens, settings.batch_size)
        answers = generation.generate(llm, prompts, how, "reason")
        said = {"text": [answer.text for answer in answers], "finished": [answer.finished for answer in answers]}
        files.write_table(args.cot, {**decisions._asdict(), **said}, cot.TYPES)


if __name__ == "__main__":
    job.run(main, parser())
