"""Which Gains of Table 2 are beyond noise, from the tests of SOFT against the competitor that each is over."""

from pathlib import Path

from softrec import csvfiles
from softrec.comparisons import Comparison
from softrec.tables import MARK, OURS, Means, Place, rival

LEVEL = 0.05


def beyond_noise(path: Path, means: Means) -> tuple[set[Place], str]:
    """The places of SOFT whose difference to the rival is beyond noise, and a sentence for the note.

    Beyond noise is a corrected p below 0.05, which is about other users, and an interval without zero, which is about
    other users and other training runs: with the first alone, two seeds that happened to agree would count for all.
    """
    marked, sizes = set(), {}
    for line, fields in csvfiles.read_csv(path, Comparison._fields):
        place = Place(OURS, fields["backbone"], fields["dataset"], fields["metric"])
        same = fields["other_backbone"] == fields["backbone"]
        if same and fields["other"] == rival(means, *place[1:]):
            sizes[fields["dataset"]] = f"{fields['rows']} rows of {fields['users']} users"
            p, low, high = (csvfiles.number(fields, name, path, line) for name in ("p_holm", "low", "high"))
            if p < LEVEL and not low <= 0.0 <= high:
                marked.add(place)
    if not sizes:
        return marked, ""
    counts = "; ".join(f"{name}: {size}" if len(sizes) > 1 else size for name, size in sizes.items())
    found = f"{MARK} marks a Gain beyond noise" if marked else "No Gain is beyond noise"
    by = f"95 % interval over users and seeds; permutation of users, Holm-corrected p < {LEVEL}"
    return marked, f"{found} ({by}; {counts})."
