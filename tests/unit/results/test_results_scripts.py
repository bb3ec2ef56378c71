"""The scripts of the results room, run as programs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from places import SCRIPTS
from softrec.stats.table_rows import Comparison

ROWS = [{"method": method, "backbone": "BIGRec"} for method in ("SFT", "SDPO", "SOFT")]
NAMES = ("audit_table", "collect_results", "make_table1", "make_table2", "show_table", "plot_curriculum")


def run(script: str, *arguments: str | Path, settings: object = None) -> subprocess.CompletedProcess[str]:
    """Run a script to its end."""
    command = [sys.executable, SCRIPTS / f"{script}.py", *map(str, arguments)]
    command += [] if settings is None else ["--settings", json.dumps(settings)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"COLUMNS": "80"})


@pytest.fixture
def collected(tmp_path: Path) -> Path:
    """A folder in which SFT and two alphas of SOFT were collected; alpha 10 was chosen, SDPO did not run."""
    values = {"sft": 0.02, "soft-1": 0.5, "soft-10": 0.03}
    names = ("H@5", "NG@5", "H@20", "NG@20")
    for name, hit in values.items():
        of_paper, of_all = dict.fromkeys(names, hit), dict.fromkeys(names, hit + 0.125)
        report = {"rows": 100, "users": 9, "tied": 0, "metrics": of_paper}
        report |= {"rows_all": 800, "users_all": 70, "tied_all": 0, "metrics_all": of_all}
        (tmp_path / f"{name}.json").write_text(json.dumps(report))
    (tmp_path / "alpha.json").write_text(json.dumps({"name": "alpha", "chosen": 10}))
    sft, soft = ({"backbone": "BIGRec", "dataset": "Game", "method": method} for method in ("SFT", "SOFT"))
    grid = [{**soft, "seed": 1, "setting": f"alpha={value}"} for value in (1, 10)]
    settings = {"cells": [{**sft, "seed": 1}, *grid], "choices": [soft]}
    metrics = [tmp_path / f"{name}.json" for name in values]
    outputs = ["--long", tmp_path / "long.csv", "--all-long", tmp_path / "all.csv"]
    outputs += ["--settings-long", tmp_path / "settings.csv"]
    done = run(
        "collect_results", "--metrics", *metrics, "--choices", tmp_path / "alpha.json", *outputs, settings=settings
    )
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_long_tables_hold_the_chosen_and_all(collected: Path) -> None:
    """Four metrics each: SFT and alpha 10 for Table 2; alpha 1 beside them in the table of all settings.

    Of all rows each hit ratio is 0.125 higher.
    """
    long = (collected / "long.csv").read_text().splitlines()
    settings = (collected / "settings.csv").read_text().splitlines()
    assert long[1] == "SFT,BIGRec,Game,H@5,1,0.02"
    assert long[5] == "SOFT,BIGRec,Game,H@5,1,0.03"
    assert len(long) == 9
    assert settings[0] == "method,backbone,dataset,metric,seed,value,setting"
    assert len(settings) == 13
    assert settings[5] == "SOFT,BIGRec,Game,H@5,1,0.5,alpha=1"
    of_all = (collected / "all.csv").read_text().splitlines()
    assert of_all[1] == "SFT,BIGRec,Game,H@5,1,0.145"
    assert of_all[5] == "SOFT,BIGRec,Game,H@5,1,0.155"
    assert len(of_all) == 9


@pytest.mark.parametrize("tested", ["paper", "all"])
def test_table2_is_made_and_shown(collected: Path, tested: str) -> None:
    """0.03 over 0.02 is +50.00% in all forms; SDPO, which did not run, is nowhere. The note names the rows."""
    settings = {"rows": ROWS, "datasets": ["Game"], "metrics": ["H@5", "H@20"], "tested": tested}
    forms = {"csv": "+50.00%", "markdown": "+50.00%", "latex": "+50.00}"}
    outputs = [item for form in forms for item in (f"--{form}", collected / f"table2.{form}")]
    (collected / "tests.csv").write_text(",".join(Comparison._fields) + "\n")
    tests = ["--tests", collected / "tests.csv"]
    inputs = [
        "--long",
        collected / "long.csv",
        "--metrics",
        collected / "sft.json",
        *(tests if tested == "all" else []),
    ]
    done = run("make_table2", *inputs, *outputs, settings=settings)
    assert done.returncode == 0, done.stderr
    for form, gain in forms.items():
        text = (collected / f"table2.{form}").read_text()
        assert text.count(gain) >= 2
        assert "SDPO" not in text
        rows = {"paper": "the paper's sample, 100 of 800;", "all": "all that were drawn, 800;"}
        assert form == "csv" or rows[tested] in " ".join(text.replace("\n%", "").split())
        assert (collected / f"table2.{form}.manifest.json").exists()
    shown = run("show_table", "--long", collected / "long.csv", *tests)
    assert shown.returncode == 0
    assert "Gain" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80


def test_table1_is_made(tmp_path: Path) -> None:
    """Counts of a data set named Game stand beside the paper's 11658 users."""
    final = {"users": 11658, "items": 5335, "interactions": 196508}
    steps = [{"step": "read", **final}]
    counts = {"final": final, "ties": {"share_of_rows": 0.125}, "steps": steps}
    (tmp_path / "counts.json").write_text(json.dumps(counts))
    published = SCRIPTS.parent / "config" / "published.csv"
    outputs = ["--csv", tmp_path / "table1.csv", "--markdown", tmp_path / "table1.md"]
    outputs += ["--steps", tmp_path / "steps.md"]
    inputs = ["--counts", tmp_path / "counts.json", "--published", published]
    done = run("make_table1", *inputs, *outputs, settings={"datasets": ["Game"]})
    assert done.returncode == 0, done.stderr
    assert "Game,11658,11658,5335,5335," in (tmp_path / "table1.csv").read_text()
    assert (tmp_path / "table1.md").read_text().count("0.32%") == 2
    assert "Game 12.5%" in (tmp_path / "table1.md").read_text()


def test_a_faulty_metrics_file_leaves_nothing_behind(collected: Path) -> None:
    """One clear sentence, status 1, no output."""
    (collected / "sft.json").write_text('{"metrics": ')
    outputs = [
        word for name in ("long", "all-long", "settings-long") for word in (f"--{name}", collected / f"new.{name}")
    ]
    cells = [{"method": "SFT", "backbone": "", "dataset": "G", "seed": 1}]
    done = run(
        "collect_results", "--metrics", collected / "sft.json", *outputs, settings={"cells": cells, "choices": []}
    )
    assert done.returncode == 1
    assert "sft.json is not JSON" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(collected.glob("new*"))


@pytest.mark.parametrize("name", NAMES)
def test_help_starts_without_heavy_libraries(name: str) -> None:
    """No library but the standard one is loaded to print help; that keeps the start below 0.3 s."""
    program = f"""
import runpy, sys
sys.argv, sys.path[0] = [{name!r}, "--help"], {str(SCRIPTS)!r}
try:
    runpy.run_path({str(SCRIPTS / f"{name}.py")!r}, run_name="__main__")
except SystemExit:
    heavy = {{"numpy", "pandas", "torch", "pyarrow", "polars", "matplotlib"}} & set(sys.modules)
    sys.exit(f"loaded {{heavy}}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--settings" in done.stdout
