"""Paths to the project's own files from the folder in which Snakemake runs.

Results go to that folder, which is the project's own unless `--directory` names another, or another workflow uses this
one as a module. In the project's own folder a path is as short as "scripts"; elsewhere it leads to the project, and
is still relative.
"""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
COMMAND = '"$SOFTREC_SCRIPTS"/'  # before the name of a script in a rule's command


def path(name: str) -> str:
    """Return the relative path from the current folder to a file or folder of the project.

    Exits with a sentence if it has a space, which would divide the launcher's path in a command (`engine.launch`).
    """
    found = os.path.relpath(PROJECT / name)
    if len(found.split()) > 1:
        raise SystemExit(
            f"The path from here to softrec's files has a space: {found!r}. Move softrec, or run it in its own folder."
        )
    return found


def without_place(command: str) -> str:
    """Return the command of a rule as it is recorded: with the scripts where they are in the project's own folder."""
    return command.replace(COMMAND, "scripts/")
