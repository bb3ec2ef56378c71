"""Draw from a split the sequences that language models see: seeded, without replacement, in the split's order."""

import argparse

from softrec.io import tables
from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--sequences", help="sequences/SPLIT.parquet")
    parser.output("--sample", help="samples/SPLIT.parquet: the rows drawn, and whether they are the paper's")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load, draw, mark the paper's rows, write; say where the split holds fewer sequences than asked for."""
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
        log.say(f"note: {text}")
        program.note("sample", text)
    log.say(f"{settings.split}  {len(rows):,} of {len(table):,} sequences, {paper.sum():,} of the paper's sample")
    columns = {name: sample[name].combine_chunks() for name in sequences.TYPES}
    tables.write_table(args.sample, {**columns, "paper": paper}, sequences.SAMPLE_TYPES)


if __name__ == "__main__":
    program.run(main, build_parser())
