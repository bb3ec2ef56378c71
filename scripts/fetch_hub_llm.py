"""Fetch a language model from the Hugging Face hub: safetensors, configuration and tokenizer of one revision."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.output("--llm", help="folder: safetensors, configuration and tokenizer")
    return parser


def main(args: argparse.Namespace) -> None:
    """Download the model and record its commit in the manifest."""
    from common import file_digests, files
    from softrec.fetch import hub, model_type

    settings = read_settings(args.settings, hub.HubLlmSettings)
    model_type.require_tested(settings)
    with files.atomic_write(args.llm) as folder:
        program.note("commit", hub.fetch_llm(settings, folder))
    # Store the digest, so that later jobs need not hash several GB again.
    file_digests.store_for_all_runs(args.llm, file_digests.sha256(args.llm))


if __name__ == "__main__":
    program.run(main, build_parser())
