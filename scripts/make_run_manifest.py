"""Write the run's manifest: the software, inputs and hardware that its results were made with."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--tables", many=True, help="tables of the run; each, like the files below, has a manifest")
    parser.input("--numbers", many=True, help="intervals, tests and consistency checks of the tables")
    parser.input("--figures", many=True, required=False, help="figures, if the run draws any")
    parser.output("--manifest", help="manifest.json of the run")
    return parser


def main(args: argparse.Namespace) -> None:
    """Follow the manifests of the inputs back to the raw data, collect their facts, write them."""
    from common import files
    from softrec.results import run_manifest

    settings = read_settings(args.settings, run_manifest.ManifestSettings)
    files.write_json(args.manifest, run_manifest.run_manifest(settings, args.files_read))


if __name__ == "__main__":
    program.run(main, build_parser())
