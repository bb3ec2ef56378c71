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
    from softrec import digests, files, hub

    settings = job.read_settings(args.settings, hub.HubLlmSettings)
    with files.write_whole(args.llm) as folder:
        job.note("commit", hub.fetch_llm(settings, folder))
    digests.hand_on(args.llm, digests.sha256(args.llm))  # several GB, which every job that asks the model would read


if __name__ == "__main__":
    job.run(main, parser())
