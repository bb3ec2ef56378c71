"""Pre-train the demo's base model, a Llama with about a million parameters, on the catalogue's text."""

import argparse

from softrec.io import tables
from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--catalogue", help="catalogue.parquet: titles and categories")
    parser.output("--llm", help="folder of the model, in transformers' format")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the catalogue, pre-train the model, save it."""
    from common import files
    from softrec.llm import tiny_llm

    settings = read_settings(args.settings, tiny_llm.TinySettings)
    table = tables.read_table(args.catalogue, ["title", "category"])
    model, tokenizer = tiny_llm.pretrain(table["title"].to_pylist(), table["category"].to_pylist(), settings)
    with files.atomic_write(args.llm) as partial:
        model.save_pretrained(partial)
        tokenizer.save_pretrained(partial)


if __name__ == "__main__":
    program.run(main, build_parser())
