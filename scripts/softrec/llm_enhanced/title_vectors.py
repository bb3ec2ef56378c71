"""Title embeddings of items, for ID-based sequential recommenders that also read text."""

from pathlib import Path

import numpy as np

from common.errors import SoftrecError
from softrec.splits.samples import load_items, load_title_embeddings

BLOCK = 8192


def item_titles(catalogue: Path, titles: Path) -> np.ndarray:
    """Read the title embeddings (N + 1, D) of the items; row 0 (padding) is zero."""
    items = load_items(catalogue)
    z = load_title_embeddings(titles, items)[items.title_id]
    z[0] = 0
    return z


def unit_rows(z: np.ndarray, what: str, path: Path) -> np.ndarray:
    """Scale each row of z (n, D) to norm 1, in place, and return z; rows of zeros are left unchanged.

    Raises:
        SoftrecError: a value is not finite; the message names row i as `what` i ("item 3"), read from `path`.
    """
    for start in range(0, len(z), BLOCK):
        part = z[start : start + BLOCK]
        norm = np.sqrt(np.einsum("nd,nd->n", part, part, dtype=np.float64))
        if not np.isfinite(norm).all():
            row = start + int(np.flatnonzero(~np.isfinite(norm))[0])
            raise SoftrecError(
                f"the embedding of {what} {row} in {path} holds a value that is not finite",
                remedy=f"remove {path} and let Snakemake make it again",
            )
        part /= np.where(norm > 0, norm, 1)[:, None].astype(np.float32)
    return z
