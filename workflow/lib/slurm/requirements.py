"""Check of the jobs' requested resources against the partitions of a Slurm cluster, before anything is submitted.

A job that requests more than any node has waits in the queue for ever, or is refused after earlier jobs have run.
"""

import re
import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lib.preflight import resources as machine
from lib.slurm import accounts, site_profile

SINFO = ("sinfo", "--all", "--noheader", "--Node", "--format=%P|%n|%G|%m|%c|%l")
UNKNOWN = 1 << 60
WHERE = f"in {site_profile.SHIPPED}"


class Request(NamedTuple):
    """Resources that jobs of one rule request: GPUs in total, nodes, MB and CPUs per node, and minutes."""

    rule: str
    partition: str
    gpu: int
    gpu_model: str
    nodes: int
    mem_mb: int
    cpus: int
    runtime: int


class Node(NamedTuple):
    """A node in a partition: host, GPUs by model, MB, CPUs; the partition's limit in minutes, None for no limit."""

    partition: str
    default: bool
    host: str
    gpus: dict[str, int]
    mem_mb: int
    cpus: int
    limit: int | None


def preflight(jobs: Collection[Any], folder: Path, arguments: Sequence[str]) -> list[str]:
    """Return a sentence for each problem of Snakemake's jobs on the cluster; local jobs request nothing from it.

    `arguments` are Snakemake's, and name the profile that is to be corrected.
    """
    copied, found = site_profile.problems(arguments), nodes()
    if isinstance(found, str):
        return [*copied, found]
    remote = [job for job in jobs if not job.is_local]
    named = accounts.problems(str(job.resources.get("slurm_account") or "") for job in remote)
    profile = site_profile.name(arguments)
    own = [line.replace(site_profile.SHIPPED, profile) for line in problems(requests(remote), found) + named]
    hosts = [node.host for node in found]
    return copied + own + machine.shared_file_system(folder, hosts)


def requests(jobs: Iterable[Any]) -> list[Request]:
    """Return the distinct requests of Snakemake's jobs."""
    found: dict[Request, None] = {}
    for job in jobs:
        own = job.resources
        nodes = int(own.get("nodes") or 1)
        model, count = next(iter(gpus_of(str(own.get("gres") or "")).items()), ("", 0))  # on each node
        ask = Request(
            job.rule.name,
            str(own.get("slurm_partition") or ""),
            int(own.get("gpu") or 0) or count * nodes,
            str(own.get("gpu_model") or model),
            nodes,
            int(own.get("mem_mb") or 0),
            int(own.get("cpus_per_task") or job.threads) * (1 if own.get("mpi") else int(own.get("tasks") or 1)),
            int(own.get("runtime") or 0),
        )
        found[ask] = None
    return list(found)


def nodes(run: Callable[..., Any] = subprocess.run) -> list[Node] | str:
    """Return every node of every partition, as `sinfo` lists them, or a sentence on why `sinfo` fails."""
    try:
        ended = run(SINFO, capture_output=True, text=True, errors="replace", timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"sinfo, which lists a Slurm cluster's partitions, cannot be run ({error}): start this on a login node."
    if ended.returncode:
        return f"sinfo, which lists the cluster's partitions, failed: {ended.stderr.strip()}: ask who runs the cluster."
    lines = [line for line in ended.stdout.splitlines() if line.strip()]
    found = [node for line in lines if (node := read_node(line))]
    if not found:
        said = f"says {lines[0][:80]!r}" if lines else "names no node"
        return (
            f"sinfo, which lists the cluster's partitions, {said}: see `{' '.join(SINFO)}`, ask who runs the cluster."
        )
    return found


def read_node(line: str) -> Node | None:
    """Parse a line of sinfo, "gpu*|gpu1|gpu:a800:4(S:0-1)|480000|32|3-00:00:00"; None for another line (a banner)."""
    if line.count("|") != 5:
        return None
    partition, host, gres, memory, cpus, limit = line.split("|")
    gpus, shown = gpus_of(gres), partition.endswith("*")
    return Node(partition.rstrip("*"), shown, host, gpus, number(memory), number(cpus), minutes(limit))


def gpus_of(gres: str) -> dict[str, int]:
    """Return the number of GPUs by model of generic resources, such as "gpu:a800:4(S:0-1),gpu:mig:2"."""
    gpus: dict[str, int] = {}
    for model, count in re.findall(r"gpu:(?:([\w.-]+):)?(\d+)", gres):
        gpus[model] = gpus.get(model, 0) + int(count)
    return gpus


def number(text: str) -> int:
    """Parse a number of sinfo, which ends with "+" where nodes of a line differ; an unknown number is no limit."""
    digits = text.strip().rstrip("+")
    return int(digits) if digits.isdecimal() else UNKNOWN


def minutes(limit: str) -> int | None:
    """Parse a time limit ("3-00:00:00", "30:00", "infinite") to minutes; None for no limit or an unreadable one."""
    found = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)", limit.strip(), re.ASCII)
    if not found:
        return None
    days, hours, mins, seconds = (int(part or 0) for part in found.groups())
    return days * 1440 + hours * 60 + mins + (seconds > 0)


def problems(asks: Iterable[Request], found: Iterable[Node]) -> list[str]:
    """Return a sentence for each request that the partition cannot satisfy; rules with the same problem share one."""
    known = list(found)
    lacking: dict[str, list[str]] = {}
    for ask in asks:
        for sentence in lacks(ask, known):
            lacking.setdefault(sentence, []).append(ask.rule)
    return [sentence.format(rules=", ".join(dict.fromkeys(rules))) for sentence, rules in lacking.items()]


def lacks(ask: Request, known: list[Node]) -> Iterator[str]:
    """Yield a sentence for each unsatisfied request, with the placeholder "{rules}" for the rules that make it.

    With several partitions ("gpu,gpu2": whichever is free first) it is enough that one satisfies all requests. If none
    does, each request is checked against all of these partitions together.
    """
    names = [name.strip() for name in ask.partition.split(",") if name.strip()]
    there = sorted({node.partition for node in known})
    default = [node for node in known if node.default]
    wrong = [f"partition {name!r}" for name in names if name not in there]
    if wrong or not (names or default):
        for name in wrong or ["the cluster's default partition"]:
            what = f"{name} ({{rules}}) is not there; there are {', '.join(there)}"
            yield f"{what}: correct slurm_partition {WHERE}."
        return
    choices = [[node for node in known if node.partition == name] for name in names] or [default]
    if all(list(lacks_of(ask, own)) for own in choices):
        together = list(lacks_of(ask, [node for own in choices for node in own]))
        yield from together or [
            f"none of the partitions {ask.partition} alone has what {{rules}} ask for: name others {WHERE}."
        ]


def lacks_of(ask: Request, own: list[Node]) -> Iterator[str]:
    """Yield a sentence for each request that no node of one or several partitions satisfies; `own` are the nodes."""
    partition = f"partition {','.join(dict.fromkeys(node.partition for node in own))}"
    per_node = -(-ask.gpu // ask.nodes)
    fitting = [node for node in own if has_gpus(node, per_node, ask.gpu_model)]
    if not fitting:
        wanted = f"{per_node} GPU(s){f' of model {ask.gpu_model}' if ask.gpu_model else ''} on a node"
        yield f"{partition} has no node with {wanted} ({{rules}}); it has {listed(own)}: correct {gpu_remedy(ask)}."
        return
    if ask.nodes > len(fitting):
        yield f"{partition} has {len(fitting)} such node(s), and {{rules}} ask for {ask.nodes}: lower engine.nodes."
    short = False
    for what, key, want, most in (
        ("MB of memory", "mem_mb", ask.mem_mb, max(node.mem_mb for node in fitting)),
        ("CPUs", "set-threads", ask.cpus, max(node.cpus for node in fitting)),
    ):
        if want > most:
            short = True
            yield f"{partition} has no node with {want:,} {what} ({{rules}}), {most:,} at most: lower {key} {WHERE}."
    whole = [node for node in fitting if node.mem_mb >= ask.mem_mb and node.cpus >= ask.cpus]
    if not short and len(whole) < ask.nodes <= len(fitting):
        asked = f"{ask.mem_mb:,} MB of memory and {ask.cpus} CPUs at once ({{rules}} on {ask.nodes})"
        yield f"{partition} has {len(whole)} such node(s) with {asked}: lower mem_mb or set-threads {WHERE}."
    limits = [node.limit for node in own if node.limit is not None]
    if len(limits) == len(own) and ask.runtime > max(limits):
        ended = f"ends jobs after {max(limits):,} minutes"
        yield f"{partition} {ended}, and {{rules}} ask for {ask.runtime:,}: lower runtime {WHERE}."


def has_gpus(node: Node, count: int, model: str) -> bool:
    """Whether a node has `count` GPUs of a model, or of all models together if `model` is ""."""
    return (node.gpus.get(model, 0) if model else sum(node.gpus.values())) >= count


def listed(own: Iterable[Node]) -> str:
    """Format the GPUs of a partition's nodes, each kind of node once: "gpu:a800:4" or "no GPU"."""
    kinds: Mapping[str, None] = {
        "+".join(f"gpu:{model}:{count}" if model else f"gpu:{count}" for model, count in node.gpus.items()): None
        for node in own
    }
    return ", ".join(kind or "no GPU" for kind in kinds)


def gpu_remedy(ask: Request) -> str:
    """Return the keys to correct for a GPU request."""
    return f"gpu_model or slurm_partition {WHERE}, or engine.ranks" if ask.gpu_model else f"slurm_partition {WHERE}"
