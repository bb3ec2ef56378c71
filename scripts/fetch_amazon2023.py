"""Fetch one category of Amazon Reviews 2023: its ratings (CSV) and its items' metadata (JSON lines)."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.output("--ratings", help="user_id,parent_asin,rating,timestamp as CSV")
    parser.output("--metadata", help="one JSON object per line: parent_asin, title, categories, ...")
    return parser


def main(args: argparse.Namespace) -> None:
    """Download both files and record their origin in the manifests."""
    from softrec.fetch import amazon2023

    settings = read_settings(args.settings, amazon2023.Amazon2023Settings)
    for role, origin in amazon2023.fetch(settings, {"ratings": args.ratings, "metadata": args.metadata}).items():
        program.note(role, origin)


if __name__ == "__main__":
    program.run(main, build_parser())
