"""Histories as people give them, titles or item ids, as item ids of the catalogue."""

import difflib
import json
from collections.abc import Sequence
from pathlib import Path

from common.errors import SoftrecError
from softrec.io.tables import read_table
from softrec.splits.samples import Items

CLOSEST = 3  # titles in a message


class Names:
    """The items of a catalogue by their ids in the source and by their titles.

    Args:
        items: the catalogue.
        source_id: (N,) the source's ids of the items 1..N.
        by_item: whether items that share a title differ, as they do for LLaRA, which reads embeddings of items.
    """

    def __init__(self, items: Items, source_id: Sequence[str], *, by_item: bool) -> None:
        self.by_item, self.source_id, self.title = by_item, ["", *source_id], items.title
        self.of_id = {name: item for item, name in enumerate(source_id, start=1)}
        self.of_title: dict[str, list[int]] = {}
        for item, title in enumerate(items.title[1:], start=1):
            self.of_title.setdefault(title, []).append(item)

    def item(self, name: str, where: str) -> int:
        """Return the item with this id or title; `id:` or `title:` before it says which.

        Raises `SoftrecError` if there is none, or if more than one item is meant.
        """
        kind, _, rest = name.partition(":")
        if kind in ("id", "title") and name not in self.of_title and name not in self.of_id:
            own, titled = ([rest] if kind == "id" else []), (rest if kind == "title" else "")
            name = rest
        else:
            own, titled = [name], name
        found = [self.of_id[key] for key in own if key in self.of_id]
        shared = self.of_title.get(titled, [])
        if found and shared and found[0] not in shared:
            other = f"the id of {self.title[found[0]]!r} and the title of item {self.source_id[shared[0]]}"
            raise SoftrecError(f"{name!r} is {other}", where=where, remedy=f"write id:{name} or title:{name}")
        if found:
            return found[0]
        if not shared:
            raise self.unknown(name, where)
        if self.by_item and len(shared) > 1:
            ids = ", ".join(self.source_id[item] for item in shared)
            raise SoftrecError(f"{name!r} is the title of {len(shared)} items: {ids}", where=where, remedy="give an id")
        return shared[0]

    def unknown(self, name: str, where: str) -> SoftrecError:
        """Build the error for a title that is not in the catalogue, with the closest ones."""
        near = "; ".join(self.closest(name))
        remedy = f"write a title as in the catalogue ({near})" if near else "write a title or id of the catalogue"
        return SoftrecError(f"the catalogue has no title or item id {name!r:.90}", where=where, remedy=remedy)

    def closest(self, name: str) -> list[str]:
        """Return the known titles that are most similar to a text, without regard to capitals: those holding it first.

        Compares with every title (Kindle: 61,528, some seconds).
        """
        wanted = name.casefold()
        folded: dict[str, str] = {}
        for title in self.of_title:
            folded.setdefault(title.casefold(), title)
        holding = sorted((text for text in folded if wanted and wanted in text), key=lambda text: (len(text), text))
        similar = difflib.get_close_matches(wanted, folded, CLOSEST, 0.5)
        return [folded[text] for text in dict.fromkeys([*holding[:CLOSEST], *similar])][:CLOSEST]

    def items(self, names: Sequence[str], where: str) -> list[int]:
        """Return the items of a history, oldest first. Raises `SoftrecError` if it is empty or an item is unknown."""
        if not names:
            raise SoftrecError("a history is empty", where=where, remedy="give at least one title or item id")
        return [self.item(name, where) for name in names]


def read_names(catalogue: Path, items: Items, *, by_item: bool) -> Names:
    """Read the names of a catalogue's items. Raises `SoftrecError` if two items have the same source id."""
    source_id = read_table(catalogue, ["source_id"])["source_id"].to_pylist()
    names = Names(items, source_id, by_item=by_item)
    if len(names.of_id) < len(source_id):
        what = f"two items of {catalogue} have the same source_id"
        raise SoftrecError(what, remedy=f"remove {catalogue} and let Snakemake make it again")
    return names


def read_histories(path: Path, names: Names) -> list[list[int]]:
    """Read histories: on each line a JSON list of titles or item ids, oldest first.

    Raises `SoftrecError` naming the line if it is not such a list, or an item is unknown.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (UnicodeDecodeError, IsADirectoryError) as error:
        what = f"{path} is not a text file: {error}"
        raise SoftrecError(what, remedy="give a JSON list of titles on each line, in UTF-8") from error
    found = []
    for number, line in enumerate(lines, start=1):
        where = f"{path}, line {number}"
        try:
            history = json.loads(line)
        except (ValueError, RecursionError):
            history = None
        if not isinstance(history, list) or not all(isinstance(name, str) for name in history):
            what = f"{line[:60]!r} is not a JSON list of texts"
            raise SoftrecError(what, where=where, remedy='write it as ["a title", "an item id"]')
        found.append(names.items(history, where))
    if not found:
        raise SoftrecError(f"{path} holds no history", where=str(path), remedy="write a JSON list on each line")
    return found
