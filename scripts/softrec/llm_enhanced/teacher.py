"""The predictions of DLLM2Rec's teacher, joined to the training rows of the student."""

from pathlib import Path

import numpy as np

from common.errors import SoftrecError
from softrec.io import tables
from softrec.llm_enhanced.dllm2rec import Teacher
from softrec.llm_enhanced.title_vectors import item_titles

KEY = ["user", "position"]  # identifies a window: position is the number of interactions before the target


def places(train: Path, sample: Path) -> np.ndarray:
    """Return, for each row of `train`, its row in `sample`, or -1; (R,).

    Raises:
        SoftrecError: a sampled row is not a training row.
    """
    rows, sampled = (tables.read_table(path, KEY) for path in (train, sample))
    width = max(int(np.max(table["position"])) for table in (rows, sampled)) + 1
    key, wanted = (
        table["user"].to_numpy().astype(np.int64) * width + table["position"].to_numpy() for table in (rows, sampled)
    )
    order = np.argsort(key, kind="stable")
    at = np.searchsorted(key, wanted, sorter=order)
    found = order[np.minimum(at, len(key) - 1)]
    if not (key[found] == wanted).all():
        row = int(np.flatnonzero(key[found] != wanted)[0])
        raise SoftrecError(f"row {row} of {sample} is not in {train}", remedy="sample again from this split")
    place = np.full(len(key), -1)
    place[found] = np.arange(len(wanted))
    return place


def read_teacher(catalogue: Path, titles: Path, nearest: Path, train: Path, sample: Path) -> Teacher:
    """Read the teacher's title embeddings, and its nearest items for the sampled rows of `train`.

    Raises:
        SoftrecError: the lists of nearest items differ in length or are empty, or are not one per sampled row.
    """
    table = tables.read_table(nearest, ["items", "distance"])
    lengths = {len(row) for name in ("items", "distance") for row in table[name].to_numpy()}
    if len(lengths) != 1 or 0 in lengths:
        remedy = f"remove {nearest} and let Snakemake make it again"
        raise SoftrecError(f"the lists of {nearest} have {', '.join(map(str, sorted(lengths)))} items", remedy=remedy)
    items, distance = (np.stack(table[name].to_numpy()) for name in ("items", "distance"))
    place = places(train, sample)
    if len(items) != (place >= 0).sum():
        remedy = f"remove {nearest} and let Snakemake make it again"
        raise SoftrecError(f"{nearest} has {len(items)} rows, {sample} has {(place >= 0).sum()}", remedy=remedy)
    return Teacher(item_titles(catalogue, titles), place, items, distance)
