"""Files with the first K titles of each test row: TREC's run and qrels, and a table for people and RecBole's users.

The candidates of all rankings are distinct titles. A title is named by the source id of its first item, in lists as in
qrels: with the ids of all items of a shared title, evaluation tools would count one hit more than once.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from common import files
from common.errors import SoftrecError
from softrec.evaluation.ranking import read_ranks
from softrec.io.tables import read_table
from softrec.job import program
from softrec.splits.samples import Items
from softrec.use.top_titles import Top

TAG = "softrec"  # of the run, TREC's last field
HEADER = ("row", "user_id", "item_id", "rank", "score")


class Lists(NamedTuple):
    """The three files."""

    run: Path
    qrels: Path
    table: Path


class Ranked(NamedTuple):
    """The test rows as they were ranked: (R,) users, title ids of the targets, and their 0-based ranks."""

    user: np.ndarray
    target: np.ndarray
    rank: np.ndarray


def output_arguments(parser: program.Parser) -> None:
    """Add the files of lists, and the ranks that they must agree with."""
    parser.input("--ranks", help="test.ranks.parquet: the ranks that the lists must agree with")
    parser.output("--run", help="TREC run: row, Q0, item, rank, score, tag; the score is K + 1 - rank")
    parser.output("--qrels", help="TREC qrels: row, 0, item of the target, 1")
    parser.output("--table", help="table separated by tabs: row, user_id, item_id, rank, score")


def read_ranked(path: Path, items: Items) -> Ranked:
    """Read the ranks of the test rows."""
    table = read_ranks(path)
    user, target, rank = (table[name].to_numpy() for name in ("user", "target", "rank"))
    return Ranked(user, items.title_id[target], rank)


def names_of_titles(catalogue: Path, items: Items) -> list[str]:
    """Return the source id of the first item of each title.

    Raises `SoftrecError` if it is empty or has a blank, which separates fields in TREC's files.
    """
    source_id = read_table(catalogue, ["source_id"])["source_id"].to_pylist()
    _, first = np.unique(items.title_id[1:], return_index=True)
    names = [source_id[item] for item in first.tolist()]
    if wrong := [name for name in names if name.split() != [name]]:
        what = f"the item id {wrong[0]!r:.90} in {catalogue} is empty or has a blank"
        raise SoftrecError(what, remedy="TREC's files cannot name it: give the items of the source other ids")
    return names


def require_agreement(tops: Sequence[Top], ranked: Ranked, path: Path) -> None:
    """Raise `SoftrecError` unless each target is at the place of its rank, or not in the list if its rank is K or more.

    So every metric with a cut-off up to K is the same from the lists as from the ranks.
    """
    if len(tops) != len(ranked.rank):
        what = f"{path} has {len(ranked.rank)} rows, but there are {len(tops)} rows to list"
        raise SoftrecError(what, remedy="give rows and ranks of one run")
    for row, (top, target, rank) in enumerate(zip(tops, ranked.target.tolist(), ranked.rank.tolist(), strict=True)):
        place = np.flatnonzero(top.title == target).tolist()
        if place != ([rank] if rank < len(top.title) else []):
            shown = f"at place {place[0]}" if place else "absent"
            raise SoftrecError(
                f"the target of row {row} has rank {rank} in {path}, but is {shown} in the list",
                remedy=f"remove {path} and let Snakemake make it again; a ranking on another device may differ",
            )


def check_and_write(tops: Sequence[Top], items: Items, catalogue: Path, ranks: Path, lists: Lists) -> None:
    """Compare the lists with the ranks and write the three files.

    The score in the run is K + 1 - rank, because evaluation tools sort by score, break ties in an order of their own,
    and may read scores as float32. The table has the score of the ranking itself: higher is better.

    Raises:
        SoftrecError: lists and ranks disagree, or an id cannot be written.
    """
    ranked, names = read_ranked(ranks, items), names_of_titles(catalogue, items)
    require_agreement(tops, ranked, ranks)
    write_rows(lists.run, " ", run_rows(tops, names))
    write_rows(lists.qrels, " ", ((row, 0, names[target], 1) for row, target in enumerate(ranked.target.tolist())))
    write_rows(lists.table, "\t", table_rows(tops, ranked.user, names))


def run_rows(tops: Sequence[Top], names: Sequence[str]) -> Iterable[tuple[object, ...]]:
    """Yield the fields of a TREC run."""
    for row, top in enumerate(tops):
        for rank, title in enumerate(top.title.tolist(), start=1):
            yield row, "Q0", names[title], rank, len(top.title) + 1 - rank, TAG


def table_rows(tops: Sequence[Top], users: np.ndarray, names: Sequence[str]) -> Iterable[tuple[object, ...]]:
    """Yield the header and the fields of the table; a score is the shortest text that parses to the same number."""
    yield HEADER
    for row, (top, user) in enumerate(zip(tops, users.tolist(), strict=True)):
        for rank, (title, score) in enumerate(zip(top.title.tolist(), top.value.tolist(), strict=True), start=1):
            yield row, user, names[title], rank, repr(score)


def write_rows(path: Path, separator: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Write lines of fields, atomically and line by line (Kindle: 8,000 rows of K lines)."""
    with files.atomic_write(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(separator.join(map(str, row)) + "\n" for row in rows)
