"""Check that a sample holds only rows of its split; independent of `sequences`, which draws the sample."""

from typing import Any

import numpy as np

from softrec.splits.split_audit import Part, any_in_row, keys_of, refuse_first, require_rows


def audit_sample(split: Part, sample: Part) -> dict[str, Any]:
    """Check a sample against its split; return the checks and the number of rows checked.

    Raises:
        SoftrecError: a check fails; names the check and the first offending row.
    """
    require_rows(split)
    require_rows(sample)
    check_sample(split, sample)
    rows = len(sample.user)
    return {"checks": [{"check": f"the sample's rows are rows of {split.name}, each drawn once", "rows": rows}]}


def check_sample(split: Part, sample: Part) -> None:
    """Raise `SoftrecError` unless every row of a sample is a row of its split and none was drawn twice."""
    keys, own = keys_of(split), keys_of(sample)
    order = np.argsort(keys)
    place = order[np.minimum(np.searchsorted(keys, own, sorter=order), len(keys) - 1)]
    refuse_first(keys[place] != own, f"a sampled row is not in {split.name}", sample)
    twice = np.ones(len(own), dtype=bool)
    twice[np.unique(own, return_index=True)[1]] = False
    refuse_first(twice, "a row was drawn twice", sample)
    differs = (split.target[place] != sample.target) | (split.timestamp[place] != sample.timestamp)
    refuse_first(differs | (split.length[place] != sample.length), f"a sampled row differs from {split.name}", sample)
    start = np.cumsum(split.length) - split.length
    owner = np.repeat(np.arange(len(own)), sample.length)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(sample.length) - sample.length, sample.length)
    changed = split.items[start[place][owner] + step] != sample.items
    refuse_first(any_in_row(changed, owner, len(own)), f"a sampled history differs from {split.name}", sample)
