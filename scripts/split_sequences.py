"""Turn interactions into sequences (history and target), and split them by time into train, valid and test."""

import argparse

from softrec.io import tables
from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--interactions", help="interactions.parquet: user, item, timestamp")
    for split in ("train", "valid", "test"):
        parser.output(f"--{split}", help=f"sequences/{split}.parquet: user, history, target, timestamp, position")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load the interactions, split their sequences, write the splits."""
    from common import log
    from softrec.splits import sequences

    settings = read_settings(args.settings, sequences.SplitSettings)
    table = tables.read_table(args.interactions, ["user", "item", "timestamp"])
    user, item, timestamp = (column.to_numpy() for column in table.columns)
    sequences.require_sorted(user, timestamp, args.interactions)
    parts = sequences.split(user, item, timestamp, settings)
    for name, columns in parts.items():
        tables.write_table(getattr(args, name), columns, sequences.TYPES)
        log.info(f"{name}  {len(columns['user']):,} sequences")


if __name__ == "__main__":
    program.run(main, build_parser())
