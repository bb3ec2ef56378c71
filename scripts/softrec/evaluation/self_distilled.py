"""Hit ratios of self-distilled data on their own training rows (paper, section 3.1 and Figure 2)."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from softrec.splits.categories import Labels
from softrec.splits.samples import Items


def describe(found: Sequence[int] | np.ndarray, target: Sequence[int], items: Items, labels: Labels) -> dict[str, Any]:
    """Compute HR@1 and HC of the items nearest to the self-distilled titles.

    HR@1 is the share of rows whose nearest item has the target's title. HC is the share whose nearest item has the
    target's category, among rows whose target has one. `chance` is the expected HC of a category drawn from the
    targets' distribution of categories, sum p^2.
    """
    label = ["", *labels.label]
    title = np.asarray(items.title_id)
    known = [(label[f], label[t]) for f, t in zip(found, target, strict=True) if label[t]]
    shares = np.array(list(Counter(own for _, own in known).values())) / max(len(known), 1)
    return {
        "rows": len(found),
        "HR@1": float((title[np.asarray(found)] == title[np.asarray(target)]).mean()),
        "HC": sum(a == b for a, b in known) / len(known) if known else None,
        "chance": float((shares**2).sum()) if known else None,
        "categories": labels.classes,
        "level": labels.level,
        "rows_with_category": len(known),
    }
