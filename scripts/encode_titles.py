"""Embed each distinct title of the catalogue with the untuned LLM: the z_i that grounding compares with."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--llm", help="folder of the base model")
    parser.input("--catalogue", help="catalogue.parquet")
    parser.output("--titles", help="titles.npy: (T, D) float32 by title id")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load the titles, embed them, write the embeddings."""
    from softrec.core import distributed
    from softrec.io import arrays
    from softrec.llm import embeddings, language_model, prompts
    from softrec.splits import samples

    with distributed.process_group():
        settings = read_settings(args.settings, embeddings.EmbeddingSettings)
        titles = [prompts.extract_title(title) for title in samples.load_items(args.catalogue).distinct]
        llm = language_model.load(args.llm, settings.backbone, settings.precision, kernels=settings.kernels)
        arrays.write_array(args.titles, embeddings.embed(llm, titles, settings.batch_size))


if __name__ == "__main__":
    program.run(main, build_parser())
