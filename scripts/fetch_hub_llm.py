"""Fetch a language model from the Hugging Face hub: safetensors, configuration and tokenizer of one revision."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.output("--llm", help="folder: safetensors, configuration and tokenizer")
    return parser


def main(args: argparse.Namespace) -> None:
    """Download; note the commit."""
    from softrec import files, hub

    settings = job.read_settings(args.settings, hub.HubLlmSettings)
    with files.write_whole(args.llm) as folder:
        job.note("commit", hub.fetch_llm(settings, folder))


if __name__ == "__main__":
    job.run(main, parser())
