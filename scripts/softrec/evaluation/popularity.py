"""Ranking by popularity: how many training interactions an item has, the same for every user but for the mask."""

from typing import Any

import numpy as np

from softrec.evaluation.ranking import Candidates, Ranks

ROW = ("user", "position", "history", "target")


def interaction_counts(train: Any, items: int) -> np.ndarray:
    """Count the interactions of the training split by item, (items + 1,); entry 0 (padding) is 0.

    The interactions of a split are the histories and targets of its sequences. Sequences of a user overlap, so that an
    interaction, known by its user and position, is in up to 11 of them; it counts once. Kindle's 1,111,104 training
    sequences have 12.2 million entries: 98 MB as int64 keys, 0.7 GB in all while they are sorted.

    Args:
        train: a `pyarrow.Table` with the columns user, history, target and position, such as sequences/train.parquet.
        items: number of items in the catalogue (N).
    """
    history = train["history"].combine_chunks()
    user, target, position = (train[name].to_numpy().astype(np.int64) for name in ("user", "target", "position"))
    length = np.diff(history.offsets.to_numpy())
    row = np.repeat(np.arange(len(user)), length)
    place = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)  # in the history
    earlier = (position - length)[row] + place
    key = np.concatenate([user[row], user]) * (position.max(initial=0) + 1) + np.concatenate([earlier, position])
    _, first = np.unique(key, return_index=True)
    item = np.concatenate([history.flatten().to_numpy(), target])
    return np.bincount(item[first], minlength=items + 1)


def rank(count: np.ndarray, candidates: Candidates, rows: dict[str, list]) -> Ranks:
    """Rank the target's title of each row by descending count; a title has the count of its most frequent item.

    All rows share one order of titles, so a rank is the target's place in it without the excluded titles ahead.

    Args:
        count: (N + 1,) by item id; entry 0 is unused.
        candidates: the titles, their order among equal counts, and what is excluded from each row.
        rows: the columns user, position, history and target.
    """
    title_id, order = candidates.title_id, candidates.order
    score = np.zeros(len(order), np.int64)
    np.maximum.at(score, title_id[1:], count[1:])
    place = np.empty(len(order), np.int64)
    place[np.lexsort((order, -score))] = np.arange(len(order))
    _, group, size = np.unique(score, return_inverse=True, return_counts=True)
    found = []
    for user, position, history, target in zip(*(rows[name] for name in ROW), strict=True):
        own = title_id[target]
        gone = np.setdiff1d(candidates.excluded(user, position, history), own)  # the target is always a candidate
        ahead, equal = (place[gone] < place[own]).sum(), (score[gone] == score[own]).sum()
        found.append((place[own] - ahead, len(order) - len(gone), size[group[own]] - 1 - equal))
    return Ranks(*np.array(found).T)
