"""Embed LLM-CF's chains of thought with the configured text encoder: the base LLM or another model."""

import argparse

from softrec.io import tables
from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--llm", help="folder of the text encoder")
    parser.input("--cot", help="cot.parquet")
    parser.output("--embeddings", help="cot.embeddings.npy: (E, D) float32")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load the texts, embed them, write the embeddings.

    An empty text is embedded as the tokens that precede every text (the beginning-of-sequence token).
    """
    from softrec.core import distributed
    from softrec.io import arrays
    from softrec.llm import embeddings, language_model

    with distributed.process_group():
        settings = read_settings(args.settings, embeddings.EmbeddingSettings)
        texts = tables.read_table(args.cot, ["text"])["text"].to_pylist()
        llm = language_model.load(args.llm, settings.backbone, settings.precision, kernels=settings.kernels)
        z = embeddings.embed(llm, [text.strip() for text in texts], settings.batch_size)
        arrays.write_array(args.embeddings, z)


if __name__ == "__main__":
    program.run(main, build_parser())
