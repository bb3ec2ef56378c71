"""Generate LLM-CF's chains of thought: the untuned LLM explains known user decisions."""

import argparse

from softrec.io import tables
from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--llm", help="folder of the base model")
    parser.input("--catalogue", help="catalogue.parquet")
    parser.input("--interactions", help="interactions.parquet: the items that each user has interacted with")
    parser.input("--train", help="samples/train.parquet")
    parser.output("--cot", help="cot.parquet: row, label, item, text, finished")
    return parser


def main(args: argparse.Namespace) -> None:
    """Draw the decisions, prompt the LLM, write its texts."""
    from softrec.core import distributed
    from softrec.decoding import generation
    from softrec.llm import language_model
    from softrec.llm.prompts import check_context
    from softrec.llm_enhanced import chains_of_thought
    from softrec.splits import samples

    with distributed.process_group():
        settings = read_settings(args.settings, chains_of_thought.CotSettings)
        items = samples.load_items(args.catalogue)
        rows = samples.load_rows(args.train, items.count)
        decisions = chains_of_thought.draw_decisions(
            rows, items.title_id, samples.load_seen(args.interactions, items.count), settings
        )
        llm = language_model.load(args.llm, "plain", settings.precision, kernels=settings.kernels)
        prompts = chains_of_thought.encode(decisions, rows, items, llm.tokenizer, settings)
        check_context(prompts, [settings.max_new_tokens] * len(prompts), llm.context)
        how = generation.GenerationSettings(1, settings.max_new_tokens, settings.batch_size)
        answers = generation.generate(llm, prompts, how, "reason")
        said = {"text": [answer.text for answer in answers], "finished": [answer.finished for answer in answers]}
        tables.write_table(args.cot, {**decisions._asdict(), **said}, chains_of_thought.TYPES)


if __name__ == "__main__":
    program.run(main, build_parser())
