"""Draw from each split the sequences that language models see: seeded, without replacement, in the split's order."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    for split in ("train", "valid", "test"):
        parser.input(f"--{split}", help=f"sequences/{split}.parquet")
        parser.output(f"--{split}-sample", help=f"samples/{split}.parquet: the rows drawn, with the same columns")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load, draw, write; say where a split holds fewer sequences than asked for."""
    from softrec import files, log, sequences

    settings = job.read_settings(args.settings, sequences.SampleSettings)
    for split in sequences.SPLITS:
        table = files.read_table(getattr(args, split))
        asked = getattr(settings, split)
        rows = sequences.draw(len(table), asked, settings.seed, split)
        sample = table.take(rows)
        if asked != "all" and len(rows) < asked:
            text = f"{split} holds {len(table):,} sequences, fewer than the {asked:,} asked for: all are used"
            log.say(f"note: {text}")
            job.note(f"{split}_sample", text)
        log.say(f"{split}  {len(rows):,} of {len(table):,} sequences")
        columns = {name: sample[name].combine_chunks() for name in sequences.TYPES}
        files.write_table(getattr(args, f"{split}_sample"), columns, sequences.TYPES)


if __name__ == "__main__":
    job.run(main, parser())
