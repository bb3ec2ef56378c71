"""Describe a finished run as a Workflow Run RO-Crate: workflow, configuration, sources, results, software."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--manifest", help="manifest.json of the run")
    parser.input(
        "--results", many=True, help="all results that the manifest names, and other files of the run's folder"
    )
    parser.input("--workflow", many=True, help="the Snakefile and its rules")
    parser.input("--licence", help="the licence of the workflow")
    parser.output("--crate", help="folder: ro-crate-metadata.json and the files that it describes")
    return parser


def main(args: argparse.Namespace) -> None:
    """Check the results against the manifest, write the crate."""
    from common import files
    from softrec.use import run_crate

    settings = read_settings(args.settings, run_crate.CrateSettings)
    given = run_crate.CrateFiles(args.manifest, args.results, args.workflow, args.licence)
    with files.atomic_write(args.crate) as folder:
        run_crate.write_crate(folder, given, settings)


if __name__ == "__main__":
    program.run(main, build_parser())
