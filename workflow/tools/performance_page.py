"""Write the tables of docs/performance.md: the estimated cost of the paper's grid, by the formulas of `make cost`.

    python workflow/tools/performance_page.py

It lists the jobs of config/paper.yaml by a dry run, and writes each table between its two markers.
"""

import copy
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import yaml

from lib.cost import estimate, roofline
from lib.cost.estimate import GPU_RULES, KINDS, LLM_RULES, Work
from lib.cost.roofline import Pass
from lib.cost.sizes import Left, Sizes
from tools import dry_run
from tools.page_tables import Table, filled

ROOT = Path(__file__).resolve().parents[2]
PAGE, CONFIG = ROOT / "docs/performance.md", ROOT / "config/paper.yaml"
TUNED = ("tune_sft", "tune_sdpo", "tune_soft", "tune_soft_wo_sa")
ON_GPU = KINDS[:-1]


class LongTitles(Sizes):
    """Sizes with titles of twice as many tokens."""

    title = 2 * Sizes.title


def tables(config: Mapping[str, Any], jobs: Iterable[Left]) -> dict[str, Table]:
    """Return every table by the name of its marker."""
    grid = sorted(job for job in jobs if job.rule != "all")  # a fixed order, on which the rounding of sums depends
    return {
        "assumptions": assumptions(config),
        "steps": steps(config),
        "grid": by_rule(config, grid),
        "sharing": sharing(config, grid),
        "first epoch": first_epoch(config, grid),
        "switches": switches(config, grid),
        "growth": growth(config, grid),
    }


def one_run(config: Mapping[str, Any]) -> Sizes:
    """Return the sizes of a tuning run on the first data set."""
    return Sizes(config, Left("tune_soft", f"benchmarks/{next(iter(config['datasets']))}/bigrec/soft/tune.tsv"))


def assumptions(config: Mapping[str, Any]) -> Table:
    """Return the table of assumptions."""
    sizes, own = one_run(config), roofline
    llm = sizes.llm
    found = [
        ("weights N, width W, layers L", f"{llm.weights:.2e}, {llm.width:,.0f}, {llm.layers:.0f}"),
        ("tokens of a prompt, of a title", f"{sizes.prompt}, {sizes.title}"),
        ("bf16 operations a second of a card, and the share reached", f"{own.PEAK:.3g}, {own.EFFICIENCY:.0%}"),
        ("bytes a second of its memory, and the share reached", f"{own.BANDWIDTH:.2g}, {own.READ_SHARE:.0%}"),
        ("keys and values of a token", f"{llm.cached:,.0f} bytes"),
        ("activations of a token, kept for the backward pass", f"{llm.activations(1) / 2e6:.1f} MB"),
        ("float64 operations a second of a core", f"{estimate.DOUBLE:.2g}"),
        ("to start a process and read the model", f"{estimate.LOAD_SECONDS:.0f} s"),
    ]
    return Table(("", "assumed"), found)


def steps(config: Mapping[str, Any]) -> Table:
    """Return the table of one step of each kind: operations, bytes, and the times that they imply."""
    sizes = one_run(config)
    rows, cards = sizes.dataset["global_batch_size"], config["engine"]["ranks"]
    micro = config["tuning"]["micro_batch_size"]
    llm, prompt, title, asked = sizes.llm, sizes.prompt, sizes.title, config["generation"]["batch_size"]
    beams, more = config["generation"]["beams"], 1 + config["sdpo"]["negatives"]
    each, own = f"{rows} prompts", "rows of their own"
    found: list[tuple[str, Pass, int]] = [
        (f"SFT, SOFT w/o SA, SOFT's first epoch: {each}", roofline.training(llm, rows, prompt + title, micro), cards),
        (f"SOFT: {each}, 2 titles each", roofline.training(llm, rows, prompt + 2 * title, micro), cards),
        (f"the same, titles in {own}", roofline.training(llm, 2 * rows, prompt + title, 2 * micro), cards),
        (f"S-DPO: {each}, {more} titles each", roofline.training(llm, rows, prompt + more * title, micro), cards),
        (f"the same, titles in {own}", roofline.training(llm, more * rows, prompt + title, more * micro), cards),
        ("S-DPO's reference for them", roofline.reading(llm, rows, prompt + more * title, micro), cards),
        (f"prefill of {asked} prompts", roofline.reading(llm, asked, sizes.history, asked, prompt - sizes.history), 1),
        (f"a token for {asked} x {beams} beams", roofline.decoding(llm, asked, beams, prompt, title), 1),
        (f"embedding of {asked} titles", roofline.reading(llm, asked, title, asked), 1),
    ]
    heading = ("step", "operations", "bytes", "by operations", "by bytes", "cards", "time")
    return Table(heading, [of_step(name, one, used) for name, one, used in found])


def of_step(name: str, one: Pass, cards: int) -> Sequence[str]:
    """Return a row of `steps`; the time is the longer of the two, divided by the GPUs that share the step."""
    times = (1000 * seconds / cards for seconds in (one.compute_seconds, one.memory_seconds, one.seconds))
    compute, memory, longer = (f"{time:,.0f} ms" for time in times)
    return name, f"{one.operations:.2g}", f"{one.moved / 1e9:,.0f} GB", compute, memory, str(cards), longer


def hours(config: Mapping[str, Any], jobs: Iterable[Left], kind: type[Sizes] = Sizes) -> dict[str, Work]:
    """Return the hours of each rule by kind of work."""
    found: dict[str, Work] = {}
    for job in jobs:
        found[job.rule] = found.get(job.rule, Work()) + estimate.work(kind(config, job))
    return {rule: Work({name: seconds / 3600 for name, seconds in own.items()}) for rule, own in found.items()}


def summed(found: Mapping[str, Work]) -> Work:
    """Sum the GPU-hours of all rules that run language models, by kind."""
    return sum((own for rule, own in found.items() if rule in LLM_RULES), Work())


def by_rule(config: Mapping[str, Any], jobs: Sequence[Left]) -> Table:
    """Return the table of GPU-hours by rule, the most first, and in total."""
    found, count = hours(config, jobs), Counter(job.rule for job in jobs)
    rules = sorted((rule for rule in found if rule in LLM_RULES), key=lambda rule: (-found[rule].total(), rule))
    total = summed(found)
    body = [(f"`{rule}`", str(count[rule]), *cells(found[rule])) for rule in rules]
    shares = [f"{total[kind] / total.total():.0%}" for kind in ON_GPU]
    last = [("**all**", str(sum(count[rule] for rule in rules)), *cells(total)), ("share", "", *shares, "100%")]
    return Table(("rule", "jobs", *ON_GPU, "all"), [*body, *last])


def cells(own: Work) -> Sequence[str]:
    """Format the hours of each kind and their sum."""
    return [*(f"{own[kind]:.2f}" if own[kind] else "" for kind in ON_GPU), f"{own.total():.2f}"]


def sharing(config: Mapping[str, Any], jobs: Sequence[Left]) -> Table:
    """Return the table of shared results, the jobs that use them, and the GPU-hours that sharing saves."""
    found, count = hours(config, jobs), Counter(job.rule for job in jobs)
    each = {rule: own.total() / count[rule] for rule, own in found.items()}
    soft, built = count["tune_soft"], count["tune_soft"] + count["tune_soft_wo_sa"]
    ranked = sum(count[rule] for rule in (*TUNED, "ground_predictions"))
    d_0 = ("measure_initial_distance", "measure_initial_distance_llara")
    measured, mean_d_0 = sum(count[rule] for rule in d_0), sum(found.get(rule, Work()).total() for rule in d_0)
    sizes = Sizes(config, next(job for job in jobs if job.rule == "tune_sdpo"))
    more, again = 1 + config["sdpo"]["negatives"], config["sdpo"]["epochs"] - 1
    reference = roofline.reading(sizes.llm, *estimate.laid_out(sizes, more)).seconds / 3600
    apart = summed(hours(changed(config, tuning={"share_prompt": False}), jobs)).total() - summed(found).total()
    saved = [
        ("the prompt of a row's titles", "row", "SOFT, S-DPO", apart),
        ("the SFT model", "data set, backbone, seed", f"{built + count['tune_sdpo']} runs that build on it",
         (built + count["tune_sdpo"]) * each["tune_sft"]),
        ("self-distilled data", "data set, backbone, seed", f"{built} runs",
         (built - count["generate_self_distilled"]) * each["generate_self_distilled"]),
        ("title embeddings", "data set", f"{ranked} jobs that rank",
         (ranked - count["encode_titles"]) * each["encode_titles"]),
        ("d_0", "data set (LLaRA: and seed)", f"{soft} runs", (soft - measured) * mean_d_0 / measured),
        ("S-DPO's reference", "run", f"{1 + again} epochs", count["tune_sdpo"] * again * reference),
    ]  # fmt: skip
    body = [(what, once, serves, f"{gain:.1f}") for what, once, serves, gain in saved]
    return Table(("computed once", "for each", "serves", "GPU-hours saved"), body, words=3)


def first_epoch(config: Mapping[str, Any], jobs: Sequence[Left]) -> Table:
    """Return the savings of running the first epoch, which all alphas of SOFT and SOFT w/o SA share, only once."""
    soft = [Sizes(config, job) for job in jobs if job.rule == "tune_soft"]
    saved = sum((estimate.training(own, 1) + estimate.validating(own)).total() for own in soft) / 3600
    start = estimate.LOAD_SECONDS * estimate.ranks("tune_soft", config) / 3600
    alone = sum(job.rule == "tune_soft_wo_sa" for job in jobs)
    found = [
        ("by a job of its own", str(alone), f"{alone * start:.1f}", f"{saved - alone * start:.1f}"),
        ("by the run of SOFT w/o SA", "0", "0.0", f"{saved:.1f}"),
    ]
    return Table(("who runs it", "more jobs", "GPU-hours to start them", "GPU-hours saved"), found)


def switches(config: Mapping[str, Any], jobs: Sequence[Left]) -> Table:
    """Return the table of GPU-hours under other settings."""
    earliest = {"epochs": 1 + config["tuning"]["patience"]}
    cases = {
        "as `config/paper.yaml` has it": {},
        f"every run stops as early as patience allows, after {earliest['epochs']} epochs": {"tuning": earliest},
        "`tuning.share_prompt: false`": {"tuning": {"share_prompt": False}},
        "`engine.gradient_checkpointing: true`": {"engine": {"gradient_checkpointing": True}},
        "`engine.ranks: 1`": {"engine": {"ranks": 1}},
        "`generation.beams: 1`": {"generation": {"beams": 1}},
        "`samples.test: 1000`, the paper's sample alone": {"samples": {"test": 1000}},
        "`samples.test: all`": {"samples": {"test": "all"}},
        "`samples.train: 8192`": {"samples": {"train": 8192}},
    }
    found = {name: summed(hours(changed(config, **parts), jobs)) for name, parts in cases.items()}
    return Table(("", *ON_GPU, "all"), [(name, *cells(own)) for name, own in found.items()])


def growth(config: Mapping[str, Any], jobs: Sequence[Left]) -> Table:
    """Return the table of factors by which each kind of work grows when one size is doubled."""
    cases: dict[str, tuple[Mapping[str, Any], type[Sizes]]] = {
        "users": (counted(config, "users", "interactions"), Sizes),
        "items": (counted(config, "items"), Sizes),
        "tokens of a title": (config, LongTitles),
        "items in a prompt": (changed(config, split={"history": 2 * config["split"]["history"]}), Sizes),
    }
    found = {name: hours(variant, jobs, kind) for name, (variant, kind) in cases.items()}
    base = hours(config, jobs)
    body = [(f"twice the {name}", *times(own, base)) for name, own in found.items()]
    return Table(("", *ON_GPU[:-1], "GPU-hours", "core-hours"), body)


def times(own: Mapping[str, Work], base: Mapping[str, Work]) -> Iterator[str]:
    """Yield the ratios to the hours of the unchanged grid."""
    on_gpu = summed(own), summed(base)
    for kind in ON_GPU[:-1]:
        yield f"{on_gpu[0][kind] / on_gpu[1][kind]:.2f}"
    yield f"{on_gpu[0].total() / on_gpu[1].total():.2f}"
    yield f"{on_cores(own) / on_cores(base):.2f}"


def on_cores(found: Mapping[str, Work]) -> float:
    """Return the hours of the jobs without a GPU."""
    return sum(own.total() for rule, own in found.items() if rule not in GPU_RULES)


def changed(config: Mapping[str, Any], **sections: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration with other values in some sections."""
    return {**config, **{name: {**config[name], **part} for name, part in sections.items()}}


def counted(config: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the configuration with the named counts (users, items, interactions) of every data set doubled."""
    found = copy.deepcopy(dict(config))
    for dataset in found["datasets"].values():
        for name in names:
            dataset["expected"][name] *= 2
    return found


def main() -> None:
    """Write the tables of the page."""
    config = yaml.safe_load(CONFIG.read_text())
    jobs = dry_run.jobs(["--configfile", str(CONFIG), "--forceall"])
    found = tables(config, [Left(job.rule, job.benchmark) for job in jobs])
    PAGE.write_text(filled(PAGE.read_text(), found))


if __name__ == "__main__":
    main()
