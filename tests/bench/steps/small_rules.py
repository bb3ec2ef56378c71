"""Small rules as whole processes, beside the imports that they cannot do without; and `--help` of every script."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness import ROOT, Measured, MismatchError, Row, amount

TITLE = "Small rules: a toy shop's filter, 1,000 ranks, a table of 8 rows"
SIDES = ["ours", "imports", "help"]
PAIRS = 5
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
RULES = ("filter_interactions", "evaluate_ranks", "make_table2")
HEAVY = {"torch", "transformers", "matplotlib"}
MOST = 0.3  # seconds of the slowest --help


def prepare(folder: Path) -> None:
    """The files that the three rules read, and their commands."""
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "workflow")]
    import numpy as np

    from common import files
    from lib.config import loading
    from lib.slices import Slices
    from softrec.io import csv_files, tables
    from softrec.results import long_table
    from softrec.stats import table_rows
    from toy_shop import write_toy_shop

    config = loading.load(ROOT / "tests/e2e/toy.yaml")
    of = Slices({**config, "methods": ["bigrec-sft", "bigrec-soft"]})
    shop = write_toy_shop(folder)
    names = ("row", "user", "target", "rank", "candidates", "ties", "paper")
    users, rank = 1 + np.arange(1000) // 3, np.random.default_rng(0).integers(0, 1000, 1000)
    row, target, ties = np.arange(1000), np.ones(1000, np.int32), np.zeros(1000, np.int32)
    values = (row, users, target, rank, np.full(1000, 1000), ties, np.ones(1000, bool))
    tables.write_table(folder / "ranks.parquet", dict(zip(names, values, strict=True)), tables.types(*names))
    places = [(method, name) for method in ("SFT", "SDPO", "SOFT(w/o SA)", "SOFT") for name in ("BIGRec", "LLaRA")]
    metrics = ("H@5", "H@20", "NG@5", "NG@20")
    long = [long_table.LongRow(*place, "Toys", metric, 1, 0.5) for place in places for metric in metrics]
    long_table.write_long(folder / "long.csv", long)
    files.write_json(folder / "tested.json", {"rows": 1000, "rows_all": 8000})
    (folder / "tests.csv").write_text(csv_files.csv_text([table_rows.Comparison._fields]))
    flags = {
        "filter_interactions": {
            "settings": of.filter("toys"),
            **{"ratings": shop.ratings, "metadata": shop.metadata, "interactions": "i.parquet"},
            **{"catalogue": "c.parquet", "counts": "counts.json"},
        },
        "evaluate_ranks": {"settings": of.cutoffs(), "ranks": "ranks.parquet", "metrics": "metrics.json"},
        "make_table2": {
            **{"settings": of.table2("all"), "long": "long.csv", "metrics": "tested.json", "tests": "tests.csv"},
            "csv": "table2.csv",
            **{"markdown": "table2.md", "latex": "table2.tex"},
        },
    }
    words = {rule: [f"--{name}={value}" for name, value in given.items()] for rule, given in flags.items()}
    (folder / "flags.json").write_text(json.dumps(words))


OUTPUTS = {"filter_interactions": "i.parquet", "evaluate_ranks": "metrics.json", "make_table2": "table2.csv"}


def loaded(folder: Path, rule: str) -> list[str]:
    """The libraries that a rule's process has loaded, by the manifest of its output."""
    versions = json.loads((folder / f"{OUTPUTS[rule]}.manifest.json").read_text())["versions"]
    return ["pyarrow.parquet" if name == "pyarrow" else name for name in versions if name != "python"]


def timed(commands: Iterable[tuple[str, list[str]]], folder: Path) -> dict[str, float]:
    """Wall seconds of processes, one after another, by name. Raises if one fails."""
    found = {}
    for name, words in commands:
        start = time.perf_counter()
        subprocess.run([sys.executable, *words], cwd=folder, check=True, capture_output=True)
        found[name] = time.perf_counter() - start
    return found


def ours(folder: Path) -> Iterator[dict[str, float] | None]:
    """The three rules, as Snakemake runs them."""
    flags = json.loads((folder / "flags.json").read_text())
    commands = [(rule, [str(ROOT / f"scripts/{rule}.py"), *flags[rule]]) for rule in RULES]
    yield None
    yield timed(commands, folder)


def imports(folder: Path) -> Iterator[dict[str, float] | None]:
    """A Python that imports the libraries of a rule and does nothing."""
    commands = [(rule, ["-c", f"import {', '.join([*loaded(folder, rule), 'json'])}"]) for rule in RULES]
    yield None
    yield timed(commands, folder)


def help(folder: Path) -> Iterator[dict[str, float] | None]:
    """`--help` of every script."""
    yield None
    yield timed(((path.stem, [str(path), "--help"]) for path in SCRIPTS), folder)


def check(folder: Path, sides: list[str]) -> str:
    """No small rule has loaded what it does not use."""
    for rule in RULES:
        if heavy := HEAVY & set(loaded(folder, rule)):
            raise MismatchError(f"{rule} has loaded {', '.join(sorted(heavy))}")
    return f"no rule has loaded {', '.join(sorted(HEAVY))}, by the manifests of their outputs"


def rows(measured: Measured) -> list[Row]:
    """A row per rule without a goal, and the slowest `--help`."""
    found = []
    for rule in RULES:
        own, peer = ([run[rule] for run in measured[side]] for side in ("ours", "imports"))
        pairs = [b / a for a, b in zip(own, peer, strict=True)]
        figures = (amount(statistics.median(seconds), "seconds") for seconds in (own, peer))
        found.append(Row(f"{rule.partition('_')[0]}: its imports", *figures, statistics.median(pairs), pairs))
    median = {path.stem: statistics.median(run[path.stem] for run in measured["help"]) for path in SCRIPTS}
    slowest = max(median, key=lambda name: median[name])
    most = median[slowest]
    note = f"{slowest} is the slowest of {len(median)} scripts, each a median of {PAIRS}"
    goal = f"<= {amount(MOST, 'seconds')}"
    return [*found, Row("--help", amount(most, "seconds"), goal=goal, met=most <= MOST, note=note)]
