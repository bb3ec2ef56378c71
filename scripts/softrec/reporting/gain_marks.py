"""Significance marks of the Gains in Table 2, from the tests of SOFT against the competitor of each Gain."""

from pathlib import Path

from softrec.io import csv_files
from softrec.reporting.markdown import count
from softrec.reporting.means import OURS, Means, Place, best_competitor
from softrec.reporting.table2 import MARK
from softrec.stats.table_rows import SIGNIFICANT, Comparison


def beyond_noise(path: Path, means: Means) -> tuple[set[Place], str]:
    """Return the cells of SOFT whose difference to the competitor is beyond noise, and a sentence for the note.

    Beyond noise means p below 0.05 after Holm's correction for all tests of the file. There is one p per comparison,
    over users and seeds together, meant to give at most one table in twenty a false mark (docs/statistics.md).
    """
    marked, sizes, seeds, tests = set(), {}, set(), 0
    for line, fields in csv_files.read_csv(path, Comparison._fields):
        tests += 1
        place = Place(OURS, fields["backbone"], fields["dataset"], fields["metric"])
        same = fields["other_backbone"] == fields["backbone"]
        if same and fields["other"] == best_competitor(means, *place[1:]):
            sizes[fields["dataset"]] = f"{fields['rows']} rows of {fields['users']} users"
            seeds.add(fields["seeds"])
            if csv_files.number(fields, "p_holm", path, line, 0, 1) < SIGNIFICANT:
                marked.add(place)
    if not sizes:
        return marked, ""
    counts = "; ".join(f"{name}: {size}" if len(sizes) > 1 else size for name, size in sizes.items())
    found = f"{MARK} marks a Gain beyond noise" if marked else "No Gain is beyond noise"
    over = "users alone, since one seed ran" if seeds == {"1"} else "users and seeds together"
    return marked, f"{found} (p < {SIGNIFICANT} over {over}, Holm-corrected for {count(tests, 'test')}; {counts})."
