"""Pinned commits of branches on the Hugging Face hub: the commit of the first download is required from then on.

All data sets of a repository, and repeated downloads, are therefore of the same commit, and a change of the branch does
not change results.
"""

import os
from pathlib import Path

from common import files
from common.errors import SoftrecError
from common.log import info


def place_of(folder: str, repository: str, revision: str) -> Path:
    """Return the file that keeps the commit of a branch; "+" replaces "/" and does not occur in names on the hub."""
    return Path(folder) / f"{repository}@{revision}.json".replace("/", "+")


class Pin:
    """The pinned commit of one branch or tag.

    Args:
        folder: folder of pinned commits, one for data sets and one for models, which may share names; None pins none.
        repository: `owner/name`.
        revision: the branch or tag.
    """

    def __init__(self, folder: str | None, repository: str, revision: str) -> None:
        self.repository, self.branch = repository, revision
        self.place = None if folder is None else place_of(folder, repository, revision)

    def revision(self) -> str:
        """Return the pinned commit, or the branch if none is pinned. Raises `SoftrecError` if the file is invalid."""
        if self.place is None or not self.place.exists():
            return self.branch
        remedy = "remove it: the branch is asked for again"
        kept = files.read_json(self.place)
        commit = kept.get("commit") if isinstance(kept, dict) else None
        if not isinstance(commit, str) or not commit:
            raise SoftrecError(f"{self.place} does not name a commit", remedy=remedy)
        of = {"repository": self.repository, "revision": self.branch}
        if found := [key for key, value in of.items() if kept.get(key) != value]:
            what = f"{self.place} is for the {found[0]} {kept.get(found[0])!r}, not {of[found[0]]!r}"
            raise SoftrecError(what, remedy=remedy)
        info(f"{self.repository}@{self.branch} is {commit} by {self.place}; remove that file to take the latest commit")
        return commit

    def keep(self, commit: str) -> None:
        """Pin the commit. Raises `SoftrecError` if another job has pinned a different one."""
        if self.place is None:
            return
        own = self.place.with_name(f".{self.place.name}.{os.getpid()}")
        files.write_json(own, {"repository": self.repository, "revision": self.branch, "commit": commit})
        try:
            os.link(own, self.place)  # atomic, and fails if another job was first
        except FileExistsError:
            own.unlink()
        except OSError:  # a file system without hard links
            os.replace(own, self.place)
        else:
            own.unlink()
        files.flush_names(self.place.parent)
        if (kept := self.revision()) != commit:
            raise SoftrecError(
                f"{self.repository}@{self.branch} is pinned to {kept}, but its commit is now {commit}",
                where=str(self.place),
                remedy="run the same command again: it takes the former",
            )
