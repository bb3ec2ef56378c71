"""What came out of a run, as a page: every number with its size and interval, every sentence chosen by numbers."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.log import clock
from softrec.reporting.markdown import count, table
from softrec.reporting.summary.comparisons import about_seeds
from softrec.reporting.summary.training import Described
from softrec.results.runtimes import Source
from softrec.stats.method_comparison import SignificanceSettings
from softrec.stats.table_rows import IntervalRow

SMALL = 0.01


@dataclass(frozen=True)
class Choice:
    """The data set and backbone that a choice of alpha is about."""

    dataset: str
    backbone: str


@dataclass(frozen=True)
class ReproductionSettings:
    """What the page is made of, each list in the order of its files.

    logs: the run of each training log. described: what each file of self-distilled metrics is about. choices: what each
    choice of alpha is about. alphas: a cell per run of SOFT, its alpha in the place of the method. distance_rows: M of
    d_t.
    """

    logs: list[Source]
    described: list[Described]
    choices: list[Choice]
    alphas: SignificanceSettings
    distance_rows: int


def head(manifest: Mapping[str, Any], intervals: Sequence[IntervalRow]) -> str:
    """Where the page comes from, and on how much it rests."""
    sizes = dict.fromkeys((row.dataset, row.rows, row.users) for row in intervals)
    rows = "; ".join(f"{name}: {count(n, 'test row')} of {count(users, 'user')}" for name, n, users in sizes)
    seeds = " ".join(about_seeds(number) for number in sorted({row.seeds for row in intervals}))
    return (
        f"# What came out of the run {manifest['run']}\n\n"
        "A script has made this page from the files of the run: numbers choose its sentences, nobody writes them. "
        f"Intervals are at 95 %.\n\n{rows}. {seeds}\n"
    )


def facts(manifest: Mapping[str, Any], jobs: Iterable[Mapping[str, Any]]) -> str:
    """With what and on what the numbers were made, from the run's manifest."""
    config, git = manifest["configuration"], manifest["repository"]
    rows, tuning, lora = config["samples"], config["tuning"], config["lora"]
    cores = listing(sorted({job["hardware"]["cores"] for job in jobs}))
    changed = ", with changed files" if git["changed"] else ""
    models = {name: config["llms"][data["llm"]] for name, data in config["datasets"].items()}
    kinds = Counter(kind for of in manifest["hardware"].values() for kind, number in of.items() for _ in range(number))
    told = {
        "base model": "; ".join(f"{name}: {described(model)}" for name, model in models.items()),
        "rows asked for": f"{rows['train']} training, {rows['valid']} validation, {rows['test']} test",
        "seeds": listing(config["seeds"]),
        "tuning": f"at most {count(tuning['epochs'], 'epoch')}, rate {tuning['learning_rate']}, LoRA rank "
        f"{lora['rank']} on {listing(lora['targets'])}, kept: {tuning['checkpoint_select']}",
        "commit": f"{git['commit']}{changed}" if git["commit"] else "not known: the run's folder was no git repository",
        "versions": listing(f"{name} {version}" for name, version in manifest["versions"].items()),
        "machines": f"{listing(sorted(set(map(system, manifest['systems']))))}; cores: {cores}",
        "computed with torch on": listing(f"{kind} ({count(number, 'job')})" for kind, number in kinds.items()),
    }
    return f"## What ran\n\n{''.join(f'- {name}: {text}{chr(10)}' for name, text in told.items() if text)}"


def system(platform: str) -> str:
    """The name that Python gives a platform, without a Linux kernel's own release, on which no number hangs."""
    return re.sub(r"^Linux-.*-(\w+)-with-", r"Linux \1 ", platform)


def described(model: Mapping[str, Any]) -> str:
    """A base model in words: what it is called where it comes from, and its precision."""
    names = [str(model[key]) for key in ("package", "version", "repository", "revision", "folder") if key in model]
    return f"{' '.join(names) or model['kind']}, {model['precision']}"


def listing(values: Iterable[object]) -> str:
    """Values separated by commas."""
    return ", ".join(map(str, values))


def times(jobs: Iterable[Mapping[str, Any]]) -> str:
    """Seconds by script, the longest first; scripts below a hundredth of the whole are one line."""
    seconds: dict[str, list[float]] = {}
    for job in jobs:
        seconds.setdefault(job["script"].removesuffix(".py"), []).append(job["seconds"])
    whole = sum(map(sum, seconds.values()))
    lines = {name: found for name, found in seconds.items() if sum(found) >= SMALL * whole}
    lines = dict(sorted(lines.items(), key=lambda line: -sum(line[1])))
    lines["the others"] = [value for name, found in seconds.items() if name not in lines for value in found]
    rows = [[n, str(len(f)), clock(sum(f)), f"{sum(f) / whole:.0%}", clock(max(f))] for n, f in lines.items() if f]
    rows.append(["all", str(sum(map(len, seconds.values()))), clock(whole), "", ""])
    note = "Wall time of the attempt that ended each job, one after another."
    return f"## How long it took\n{table(['Script', 'Jobs', 'Time', 'Share', 'Longest job'], rows)}{note}\n"
