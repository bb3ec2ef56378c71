"""measure_significance.py and compare_published.py, run as programs."""

from pathlib import Path

from run_script import SCRIPTS, run_script
from softrec.evaluation.ranking import RANK_TYPES
from softrec.io import csv_files
from softrec.io.tables import write_table
from softrec.stats.paper_comparison import ComparedRow, read_intervals
from softrec.stats.table_rows import Comparison

CELLS = [{"method": m, "backbone": "BIGRec", "dataset": "Game", "seed": s} for m in ("SFT", "SOFT") for s in (1, 2)]
SETTINGS = {"cells": CELLS, "choices": [], "metrics": ["H@5"], "mcnemar_seed": 1}
SETTINGS["resampling"] = {"resamples": 200, "seed": 1}
OUTPUTS = ("intervals", "intervals-paper", "tests", "markdown")


def measure(folder: Path, types: dict[str, str]) -> tuple[int, str]:
    """Ranks of 60 rows of 30 users, the first 20 of them the paper's; SOFT hits every second row, SFT every third."""
    paths = []
    for cell in CELLS:
        every = 3 if cell["method"] == "SFT" else 2
        columns = {
            "row": range(60),
            "target": [1] * 60,
            "candidates": [1000] * 60,
            "ties": [0] * 60,
            "user": [1 + i // 2 for i in range(60)],
            "rank": [0 if (i + cell["seed"]) % every == 0 else 9 for i in range(60)],
            "paper": [i < 20 for i in range(60)],
        }
        paths.append(folder / f"{cell['method']}{cell['seed']}.parquet")
        write_table(paths[-1], {name: columns[name] for name in types}, types)
    flags = {f"--{name}": folder / name for name in OUTPUTS}
    more = {"--ranks": paths[0]}
    done = run_script("measure_significance.py", SETTINGS, {**flags, **more})
    assert done.returncode == 1
    assert "1 ranks files are given for 4 cells" in done.stderr
    one = {**SETTINGS, "cells": [CELLS[0]]}
    done = run_script("measure_significance.py", one, {**flags, **more})
    return done.returncode, done.stderr


def test_both_scripts_write_all_rows_and_the_papers(tmp_path: Path) -> None:
    """60 rows in one file, 20 in the other, which stands beside the paper's numbers."""
    status, errors = measure(tmp_path, RANK_TYPES)
    assert status == 0, errors
    (all_rows,), (of_paper,) = (read_intervals(tmp_path / name) for name in ("intervals", "intervals-paper"))
    assert (all_rows.rows, all_rows.users, of_paper.rows, of_paper.users) == (60, 30, 20, 10)
    assert [list(fields) for _, fields in csv_files.read_csv(tmp_path / "tests", Comparison._fields)] == []
    flags = {"--intervals": tmp_path / "intervals-paper", "--published": SCRIPTS.parent / "config/published.csv"}
    outputs = {"--csv": tmp_path / "compare.csv", "--markdown": tmp_path / "compare.md"}
    done = run_script("compare_published.py", {"metrics": ["H@5"], "paper_rows": 1000}, {**flags, **outputs})
    assert done.returncode == 0, done.stderr
    ((_, row),) = csv_files.read_csv(tmp_path / "compare.csv", ComparedRow._fields)
    assert float(row["difference"]) == float(row["ours"]) - float(row["paper"])
    assert "1 of 1" not in (tmp_path / "compare.md").read_text()
    assert row["verdict"] == "outside"


def test_ranks_without_the_column_leave_nothing_behind(tmp_path: Path) -> None:
    """One sentence, status 1, no output."""
    status, errors = measure(tmp_path, {name: kind for name, kind in RANK_TYPES.items() if name != "paper"})
    assert status == 1
    assert "has no column 'paper'" in errors
    assert "Traceback" not in errors
    assert not [name for name in OUTPUTS if (tmp_path / name).exists()]
