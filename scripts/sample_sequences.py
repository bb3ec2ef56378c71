"""Sample the sequences of a split that language models use: seeded, without replacement, in the split's order."""

import argparse

from softrec.io import tables
from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--sequences", help="sequences/SPLIT.parquet")
    parser.output("--sample", help="samples/SPLIT.parquet: the drawn rows; the column paper marks the paper's sample")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load the split, draw rows, mark the paper's sample, write; log if the split has fewer rows than requested."""
    from common import log
    from softrec.splits import sequences

    settings = read_settings(args.settings, sequences.SampleSettings)
    table = tables.read_table(args.sequences, list(sequences.TYPES))
    rows = sequences.draw(len(table), settings.rows, settings.seed, settings.split)
    paper = sequences.of_paper(rows, len(table), settings)
    sample = table.take(rows)
    if settings.rows != "all" and len(rows) < settings.rows:
        text = (
            f"{settings.split} holds {len(table):,} sequences, fewer than the {settings.rows:,} asked for: all are used"
        )
        log.info(f"note: {text}")
        program.note("sample", text)
    log.info(f"{settings.split}  {len(rows):,} of {len(table):,} sequences, {paper.sum():,} of the paper's sample")
    columns = {name: sample[name].combine_chunks() for name in sequences.TYPES}
    tables.write_table(args.sample, {**columns, "paper": paper}, sequences.SAMPLE_TYPES)


if __name__ == "__main__":
    program.run(main, build_parser())
