"""A job of one or more ranks that names a checkpoint and writes a manifest; it notes what each rank reads for a sha256.

Called as a script of the project is. Each rank appends to WATCH/RANK.txt a line for each file or folder.
"""

import argparse
import os
from pathlib import Path

from common import files, process
from softrec.core import distributed
from softrec.io import checkpoints
from softrec.job import program

SHA256 = files.sha256


def watched(path: Path) -> str:
    """`files.sha256`, noted."""
    with (Path(os.environ["WATCH"]) / f"{process.rank()}.txt").open("a") as stream:
        stream.write(f"{path.name}\n")
    files.sha256 = SHA256  # type: ignore[assignment]  # a folder's own files are not of interest
    try:
        return SHA256(path)
    finally:
        files.sha256 = watched  # type: ignore[assignment]


def main(args: argparse.Namespace) -> None:
    """What a tuning job does with its inputs' digests."""
    with distributed.process_group():
        key = checkpoints.shared_run_key(args.settings, args.code, args.files_read)
        with files.atomic_write(args.adapter) as partial:
            partial.write_text(key)


if __name__ == "__main__":
    files.sha256 = watched  # type: ignore[assignment]
    parser = program.Parser(__doc__ or "")
    parser.input("--llm", help="folder")
    parser.output("--adapter", help="file")
    program.run(main, parser)
