"""What is left to do, in GPU-hours, core-hours and disk.

    python workflow/lib/cost.py config/paper.yaml --profile profiles/slurm

A dry run lists the jobs that are left. Where benchmarks of finished jobs of the same rule are there, their mean counts,
"measured"; else an estimate from the configuration. Formulas and constants are below, each with its source.
"""

import csv
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import yaml

from lib import config_check, cross_checks, dryrun

PROMPT, TITLE = 220, 15  # tokens of a prompt of ten titles and of a title, for a tokeniser of words
TRAIN_FLOPS, FORWARD_FLOPS = 4, 2  # per weight and token: LoRA needs no gradient of frozen weights, so 2 + 2, not 6
PEAK, EFFICIENCY = 312e12, 0.35  # bf16 operations per second of an A800 or A100, and the share that is reached
BANDWIDTH, READ_SHARE = 2.0e12, 0.6  # bytes per second of its memory, and the share that is reached
LLM_RULES = (
    "tune_sft", "tune_sdpo", "tune_soft", "tune_soft_wo_sa", "generate_self_distilled", "predict_titles",
    "predict_titles_untuned", "measure_initial_distance", "measure_initial_distance_llara", "encode_titles",
    "generate_cot", "encode_cot", "encode_titles_for_llm_cf",
)  # fmt: skip
FIT_SECONDS, FIT_EPOCHS = 18.0, 100  # an epoch over a million windows on one core; patience ends a run before 500
LOAD_SECONDS, OTHER_SECONDS = 30.0, 10.0  # to start and read a language model; of every other job


class Left(NamedTuple):
    """A job that is left to do: its rule, and where its benchmark will stand."""

    rule: str
    benchmark: str


class Line(NamedTuple):
    """One rule: jobs left, hours, of which resource, and whether the seconds of a job were measured."""

    rule: str
    jobs: int
    hours: float
    on_gpu: bool
    measured: bool


def seconds_of_training(weights: float, rows: int, epochs: int, branches: float) -> float:
    """Epochs over `rows` prompts with so many titles each, on one GPU."""
    tokens = rows * (PROMPT + TITLE * branches) * epochs
    return TRAIN_FLOPS * weights * tokens / (PEAK * EFFICIENCY)


def seconds_of_generation(weights: float, rows: int, batch: int, new_tokens: int) -> float:
    """Prefill of `rows` prompts, then one read of all weights per step and batch of beams (2 bytes each, bf16)."""
    prefill = FORWARD_FLOPS * weights * rows * PROMPT / (PEAK * EFFICIENCY)
    steps = -(-rows // batch) * min(new_tokens, 2 * TITLE)
    return prefill + steps * 2 * weights / (BANDWIDTH * READ_SHARE)


def estimated(rule: str, config: Mapping[str, Any], weights: float) -> float:
    """Seconds of one job by the configuration, from its start."""
    return computing(rule, config, weights) + (LOAD_SECONDS if rule in LLM_RULES else 0.0)


def computing(rule: str, config: Mapping[str, Any], weights: float) -> float:
    """Seconds without the start: training is epochs and validations, prediction is generation."""
    rows, valid, test = (config["samples"][split] for split in ("train", "valid", "test"))
    rows, valid, test = (count if isinstance(count, int) else 100_000 for count in (rows, valid, test))
    batch, new = config["generation"]["batch_size"], config["generation"]["max_new_tokens"]
    epochs = config["tuning"]["epochs"]
    validation = seconds_of_generation(weights, valid, batch, new)
    if rule == "tune_sdpo":
        own = config["sdpo"]
        training = seconds_of_training(weights, rows, own["epochs"] + 1, 1 + own["negatives"])
        return training + own["epochs"] * validation
    if rule == "tune_soft":
        probe = seconds_of_generation(weights, config["soft"]["distance_rows"], batch, new)
        return seconds_of_training(weights, rows, epochs, 2) + epochs * (validation + probe)
    if rule.startswith("tune_"):
        return seconds_of_training(weights, rows, epochs, 1) + epochs * validation
    if rule == "generate_cot":
        return seconds_of_generation(weights, rows, batch, config["llm_cf"]["max_new_tokens"])
    if rule in LLM_RULES:
        return seconds_of_generation(weights, {"generate_self_distilled": rows}.get(rule, test), batch, new)
    return FIT_SECONDS * min(config["sasrec"]["epochs"], FIT_EPOCHS) if rule.startswith("fit_") else OTHER_SECONDS


def measured(run: str, root: Path = Path()) -> dict[str, float]:
    """Mean seconds of finished jobs by what their benchmarks are of; {} before anything has run."""
    found: dict[str, list[float]] = {}
    for path in sorted((root / "results" / run / "benchmarks").rglob("*.tsv")):
        with path.open(newline="") as stream:
            for fields in csv.DictReader(stream, delimiter="\t"):
                found.setdefault(kind_of(path.parts), []).append(float(fields["s"]))
    return {kind: fmean(values) for kind, values in found.items()}


def kind_of(parts: Iterable[str]) -> str:
    """What a benchmark is of: its path without run, seed and candidate ("game/bigrec/soft/tune.tsv")."""
    kept = [part for part in parts if "=" not in part]
    return "/".join(kept[kept.index("benchmarks") + 1 :])


def lines(jobs: Iterable[Left], config: Mapping[str, Any], known: Mapping[str, float]) -> list[Line]:
    """One line per rule, the most hours first."""
    weights = max(llm.get("parameters", 1e6) for llm in config["llms"].values())
    hours: Counter[tuple[str, bool]] = Counter()
    count: Counter[tuple[str, bool]] = Counter()
    for job in jobs:
        seconds = known.get(kind_of(Path(job.benchmark).parts)) if job.benchmark else None
        key = job.rule, seconds is not None
        hours[key] += (estimated(job.rule, config, weights) if seconds is None else seconds) / 3600
        count[key] += 1
    gpu = any("parameters" in llm for llm in config["llms"].values())
    found = [Line(rule, count[rule, m], hours[rule, m], gpu and rule in LLM_RULES, m) for rule, m in count]
    return sorted(found, key=lambda line: (-line.hours, line.rule))


def disk(jobs: Collection[Left], config: Mapping[str, Any]) -> float:
    """GiB of adapters and base models left to write: LoRA and fetched weights; everything else is small beside them."""
    weights = {name: llm.get("parameters", 1e6) for name, llm in config["llms"].items()}
    adapters = sum(job.rule.startswith("tune_") for job in jobs)
    fetched = sum(2 * weights[name] for name in weights if any(job.rule.endswith(f"_llm_{name}") for job in jobs))
    lora = 4 * 2 * config["lora"]["rank"] * 1.6e5 * (max(weights.values()) / 3.2e9) ** 0.5
    return (adapters * lora + fetched) / 2**30


def described(found: list[Line], gib: float) -> str:
    """The estimate at 80 columns."""
    if not found:
        return "nothing is left to do"
    rows = [f"{'rule':<34}{'jobs':>6}{'hours':>10}  on    rests on"]
    for line in found:
        where = "GPU" if line.on_gpu else "core"
        basis = "measured" if line.measured else "estimated"
        rows.append(f"{line.rule:<34}{line.jobs:>6,}{line.hours:>10.2f}  {where:<5} {basis}")
    return "\n".join([*rows, "", f"left: {totals(found, gib)}"])


def totals(found: Iterable[Line], gib: float) -> str:
    """Hours and disk in one line."""
    hours = {where: 0.0 for where in (True, False)}
    for line in found:
        hours[line.on_gpu] += line.hours
    spent = [f"{hours[True]:,.1f} GPU-hours"] if hours[True] else []
    return ", ".join([*spent, f"{hours[False]:,.1f} core-hours", f"{gib:,.1f} GiB"])


def summary(jobs: Collection[Left], config: Mapping[str, Any]) -> str:
    """The estimate in one line, for the first lines of a run."""
    found = lines(jobs, config, measured(config["run"]))
    bases = {line.measured for line in found}
    basis = "partly measured" if len(bases) > 1 else "measured" if True in bases else "estimated"
    return f"{totals(found, disk(jobs, config))} ({basis})"


def main(file: str, *arguments: str) -> None:
    """Print what is left of the run that the configuration file and Snakemake's arguments describe."""
    config = yaml.safe_load(Path(file).read_text())
    root = Path(__file__).parents[1]
    config_check.check(config, str(root / "schemas/config.schema.yaml"), file, cross_checks.problems)
    jobs = [job for job in dryrun.jobs(["--configfile", file, *arguments]) if job.rule != "all"]
    left = [Left(job.rule, job.benchmark) for job in jobs]
    print(described(lines(left, config, measured(config["run"])), disk(left, config)))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (dryrun.DryRunError, config_check.ConfigError) as error:
        raise SystemExit(str(error)) from None
