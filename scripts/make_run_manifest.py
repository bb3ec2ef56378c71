"""Write down with what, from what and on what the tables of a run were made."""

import argparse
from dataclasses import dataclass
from typing import Any

from softrec import job


@dataclass(frozen=True)
class Settings:
    """config: the whole configuration, with its defaults."""

    config: dict[str, Any]


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--results", many=True, help="tables of the run")
    parser.input("--raw", many=True, help="raw files that the run began with")
    parser.input("--requirements", help="envs/requirements.txt: the packages whose versions count")
    parser.output("--manifest", help="manifest.json of the run")
    return parser


def main(args: argparse.Namespace) -> None:
    """Gather, write."""
    from softrec import files, manifest

    settings = job.read_settings(args.settings, Settings)
    files.write_json(args.manifest, manifest.run_manifest(settings.config, args.results, args.raw, args.requirements))


if __name__ == "__main__":
    job.run(main, parser())
