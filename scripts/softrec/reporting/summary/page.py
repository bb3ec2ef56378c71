"""The results page of a run: every number with its sample size and interval, sentences selected by the numbers."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.log import clock
from softrec.reporting.markdown import count, table
from softrec.reporting.summary.comparisons import about_seeds
from softrec.results.provenance import job_name
from softrec.results.runs import Run
from softrec.stats.method_comparison import SignificanceSettings
from softrec.stats.table_rows import IntervalRow

SMALL = 0.01  # share of the total time below which scripts are summed in one line


@dataclass(frozen=True)
class ReproductionSettings:
    """Settings of the page; each list is in the order of its files.

    Attributes:
        logs: the run of each training log.
        described: data set, backbone and seed of each file of self-distilled metrics.
        alphas: a cell per run of SOFT, with its alpha in the place of the method; the row of each choice of alpha.
        distance_rows: M, the number of rows of d_t.
    """

    logs: list[Run]
    described: list[Run]
    alphas: SignificanceSettings
    distance_rows: int


def head(manifest: Mapping[str, Any], intervals: Sequence[IntervalRow]) -> str:
    """Return the head of the page: its run, its origin, and the numbers of test rows, users and seeds."""
    sizes = dict.fromkeys((row.dataset, row.rows, row.users) for row in intervals)
    rows = "; ".join(f"{name}: {count(n, 'test row')} of {count(users, 'user')}" for name, n, users in sizes)
    seeds = " ".join(about_seeds(number) for number in sorted({row.seeds for row in intervals}))
    return (
        f"# Results of the run {manifest['run']}\n\n"
        "A script has generated this page from the files of the run; the numbers also select its sentences. "
        f"Intervals are at 95 %.\n\n{rows}. {seeds}\n"
    )


def facts(manifest: Mapping[str, Any], jobs: Iterable[Mapping[str, Any]]) -> str:
    """List the models, settings, versions and hardware of the run, from its manifest."""
    config, git = manifest["configuration"], manifest["repository"]
    rows, tuning, lora = config["samples"], config["tuning"], config["lora"]
    cores = comma_list(sorted({job["hardware"]["cores"] for job in jobs}))
    changed = ", with changed files" if git["changed"] else ""
    models = {name: config["llms"][data["llm"]] for name, data in config["datasets"].items()}
    kinds = Counter(kind for of in manifest["hardware"].values() for kind, number in of.items() for _ in range(number))
    told = {
        "base model": "; ".join(f"{name}: {format_model(model)}" for name, model in models.items()),
        "rows asked for": f"{rows['train']} training, {rows['valid']} validation, {rows['test']} test",
        "seeds": comma_list(config["seeds"]),
        "tuning": f"at most {count(tuning['epochs'], 'epoch')}, rate {tuning['learning_rate']}, LoRA rank "
        f"{lora['rank']} on {comma_list(lora['targets'])}, kept: {tuning['checkpoint_select']}",
        "test titles": format_generation(config["generation"]),
        "commit": f"{git['commit']}{changed}" if git["commit"] else "not known: the run's folder was no git repository",
        "versions": comma_list(f"{name} {version}" for name, version in manifest["versions"].items()),
        "machines": f"{comma_list(sorted(set(map(system, manifest['systems']))))}; cores: {cores}",
        "computed with torch on": comma_list(f"{kind} ({count(number, 'job')})" for kind, number in kinds.items()),
    }
    return f"## What ran\n\n{''.join(f'- {name}: {text}{chr(10)}' for name, text in told.items() if text)}"


def system(platform: str) -> str:
    """Shorten Python's name of a platform: the release of a Linux kernel is left out, since no result depends on it."""
    return re.sub(r"^Linux-.*-(\w+)-with-", r"Linux \1 ", platform)


def format_model(model: Mapping[str, Any]) -> str:
    """Format a base model: its name and version at its source, and its precision."""
    names = [str(model[key]) for key in ("package", "version", "repository", "revision", "folder") if key in model]
    return f"{' '.join(names) or model['kind']}, {model['precision']}"


def format_generation(how: Mapping[str, Any]) -> str:
    """Format how titles of test rows are generated and grounded."""
    free = {"none": "free text", "trie": "titles of the catalogue alone (trie)"}[how["constrained"]]
    texts = {
        "first": "the best beam's text",
        "least": "the nearest of all texts",
        "softmin": "a soft minimum over texts",
    }
    return f"{count(how['beams'], 'beam')} of {free}, grounded by {texts[how['grounding']]}"


def comma_list(values: Iterable[object]) -> str:
    """Join values with commas."""
    return ", ".join(map(str, values))


def times(jobs: Iterable[Mapping[str, Any]]) -> str:
    """Return the table of runtimes by script, longest first; scripts below 1 % of the total share one line."""
    seconds: dict[str, list[float]] = {}
    for job in jobs:
        seconds.setdefault(job_name(job), []).append(job["seconds"])
    whole = sum(map(sum, seconds.values()))
    lines = {name: found for name, found in seconds.items() if sum(found) >= SMALL * whole}
    lines = dict(sorted(lines.items(), key=lambda line: -sum(line[1])))
    lines["the others"] = [value for name, found in seconds.items() if name not in lines for value in found]
    rows = [[n, str(len(f)), clock(sum(f)), f"{sum(f) / whole:.0%}", clock(max(f))] for n, f in lines.items() if f]
    rows.append(["all", str(sum(map(len, seconds.values()))), clock(whole), "", ""])
    note = "Wall time of the attempt that ended each job, one after another."
    return f"## How long it took\n{table(['Script', 'Jobs', 'Time', 'Share', 'Longest job'], rows)}{note}\n"
