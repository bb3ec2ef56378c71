"""What a branch of the Hugging Face hub was when it was first asked for: the commit, which is required from then on.

So all data sets of a repository, and whatever is fetched again, are of one commit, and a change of the branch changes
no result.
"""

import os
from pathlib import Path

from common import files
from common.errors import SoftrecError
from common.log import say


def place_of(folder: str, repository: str, revision: str) -> Path:
    """Where the commit of a branch is kept; no name of the hub has a plus."""
    return Path(folder) / f"{repository}@{revision}.json".replace("/", "+")


class Pin:
    """The commit of one branch or tag.

    Args:
        folder: where commits are kept; None keeps none. Data sets and models may share a name: each kind has its own.
    """

    def __init__(self, folder: str | None, repository: str, revision: str) -> None:
        self.repository, self.branch = repository, revision
        self.place = None if folder is None else place_of(folder, repository, revision)

    def revision(self) -> str:
        """The commit that was kept; before that, the branch. Raises `SoftrecError` if the file says something else."""
        if self.place is None or not self.place.exists():
            return self.branch
        remedy = "remove it: the branch is asked for again"
        kept = files.read_json(self.place)
        commit = kept.get("commit") if isinstance(kept, dict) else None
        if not isinstance(commit, str) or not commit:
            raise SoftrecError(f"{self.place} names no commit", remedy=remedy)
        of = {"repository": self.repository, "revision": self.branch}
        if found := [key for key, value in of.items() if kept.get(key) != value]:
            what = f"{self.place} is of the {found[0]} {kept.get(found[0])!r}, not {of[found[0]]!r}"
            raise SoftrecError(what, remedy=remedy)
        say(f"{self.repository}@{self.branch} is {commit}, by {self.place}; without that file, what it is now")
        return commit

    def keep(self, commit: str) -> None:
        """Note the commit, unless another job has; then it has to be the same one, or `SoftrecError` is raised."""
        if self.place is None:
            return
        own = self.place.with_name(f".{self.place.name}.{os.getpid()}")
        files.write_json(own, {"repository": self.repository, "revision": self.branch, "commit": commit})
        try:
            os.link(own, self.place)  # fails where there is one
        except FileExistsError:
            own.unlink()
        except OSError:  # a file system without links
            os.replace(own, self.place)
        else:
            own.unlink()
        files.flush_names(self.place.parent)
        if (kept := self.revision()) != commit:
            raise SoftrecError(
                f"{self.repository}@{self.branch} was {kept}, and is {commit} by now",
                where=str(self.place),
                remedy="run the same command again: it takes the former",
            )
