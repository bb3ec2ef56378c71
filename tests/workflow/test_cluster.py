"""What jobs ask for, held against partitions as `sinfo` tells them: one sentence for each thing that is not there."""

import subprocess
from typing import Any

import pytest

from lib.slurm import requirements
from lib.slurm.requirements import Node, Request, read_node

SINFO = """\
cpu*|login1|(null)|64000|16|2-00:00:00
gpu|g1|gpu:a800:4(S:0-1)|480000|32|3-00:00:00
gpu|g2|gpu:a800:4|480000+|32|3-00:00:00
mixed|g3|gpu:h100:8,gpu:mig:2|900000|96|infinite
old|g4|gpu:2|100000|8|30:00"""
NODES = [read_node(line) for line in SINFO.splitlines()]
FITS = Request("tune_sft", "gpu", 4, "a800", 1, 100_000, 32, 720)


def test_a_line_of_sinfo() -> None:
    """The default partition has a star; sockets and "+" are no part of a number; limits are minutes."""
    assert NODES[0] == Node("cpu", True, "login1", {}, 64_000, 16, 2 * 24 * 60)
    assert NODES[1] == Node("gpu", False, "g1", {"a800": 4}, 480_000, 32, 3 * 24 * 60)
    assert NODES[2].mem_mb == 480_000
    assert (NODES[3].gpus, NODES[3].limit) == ({"h100": 8, "mig": 2}, None)
    assert (NODES[4].gpus, NODES[4].limit) == ({"": 2}, 30)


@pytest.mark.parametrize(
    "ask",
    [
        FITS,
        FITS._replace(gpu=8, nodes=2),
        FITS._replace(partition="", gpu=0, gpu_model="", mem_mb=64_000, cpus=16),
        FITS._replace(partition="mixed", gpu=8, gpu_model="h100", runtime=10**6),
        FITS._replace(partition="old", gpu=2, gpu_model="", cpus=8, runtime=30),
        FITS._replace(partition="old,gpu"),
        FITS._replace(partition="gpu,"),
        FITS._replace(partition="cpu, mixed", gpu=8, gpu_model="h100", runtime=10**6),
    ],
)
def test_what_is_there_is_not_talked_about(ask: Request) -> None:
    """All of a node, two nodes, the default partition, no limit of time, GPUs without a model.

    Of two partitions, which Slurm takes in either order, one that has all.
    """
    assert requirements.problems([ask], NODES) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"partition": "gpus"}, "partition 'gpus' (tune_sft) is not there; there are cpu, gpu, mixed, old: correct"),
        (
            {"partition": "gpu,gpus"},
            "partition 'gpus' (tune_sft) is not there; there are cpu, gpu, mixed, old: correct",
        ),
        (
            {"partition": "old,gpu", "cpus": 64},
            "partition old,gpu has no node with 64 CPUs (tune_sft), 32 at most: low",
        ),
        (
            {"partition": "cpu,gpu", "gpu": 0, "mem_mb": 400_000, "runtime": 4321},
            "partition cpu,gpu ends jobs after 4,320",
        ),
        (
            {"partition": "gpu,mixed", "runtime": 10**6},
            "none of the partitions gpu,mixed alone has what tune_sft ask for",
        ),
        ({"gpu": 8}, "partition gpu has no node with 8 GPU(s) of model a800 on a node (tune_sft); it has gpu:a800:4:"),
        ({"gpu_model": "h100"}, "of model h100 on a node (tune_sft); it has gpu:a800:4: correct gpu_model"),
        ({"partition": "cpu"}, "partition cpu has no node with 4 GPU(s) of model a800"),
        ({"gpu": 12, "nodes": 3}, "partition gpu has 2 such node(s), and tune_sft ask for 3: lower engine.nodes."),
        ({"mem_mb": 500_000}, "partition gpu has no node with 500,000 MB of memory (tune_sft), 480,000 at most: lower"),
        ({"cpus": 64}, "partition gpu has no node with 64 CPUs (tune_sft), 32 at most: lower set-threads"),
        (
            {"partition": "gpu,mixed", "gpu": 0, "mem_mb": 900_000, "cpus": 96, "nodes": 2},
            "has 1 such node(s) with 900,000 MB of memory and 96 CPUs at once (tune_sft on 2): lower mem_mb",
        ),
        ({"runtime": 4321}, "partition gpu ends jobs after 4,320 minutes, and tune_sft ask for 4,321: lower runtime"),
    ],
)
def test_what_is_not_there_is_a_sentence(change: dict[str, Any], told: str) -> None:
    """What, in which partition, which rule, what there is instead, and the key to correct."""
    [sentence] = requirements.problems([FITS._replace(**change)], NODES)
    assert told in sentence


def test_no_node_has_all_at_once() -> None:
    """One has the memory, another the CPUs."""
    own = [read_node("p|a|(null)|500000|8|infinite"), read_node("p|b|(null)|64000|64|infinite")]
    [sentence] = requirements.problems([Request("filter", "p", 0, "", 1, 100_000, 32, 60)], own)
    assert "partition p has 0 such node(s) with 100,000 MB of memory and 32 CPUs at once (filter on 1)" in sentence


def test_what_sinfo_does_not_know_limits_nothing() -> None:
    """Memory is N/A of a node that has not reported yet."""
    own = [read_node("p|a|(null)|N/A|8|infinite")]
    assert requirements.problems([Request("filter", "p", 0, "", 1, 10**6, 8, 60)], own) == []


def test_hidden_partitions_are_asked_for_too() -> None:
    """`sbatch` takes a hidden partition, and `sinfo` names it with --all alone."""
    asked: list[tuple[str, ...]] = []

    def run(command: tuple[str, ...], **_: Any) -> Any:
        asked.append(command)
        return subprocess.CompletedProcess(command, 0, SINFO, "")

    assert requirements.nodes(run) == NODES
    assert "--all" in asked[0]


@pytest.mark.parametrize("answer", ["", "\n\n", "Welcome!\n", "slurm: error\ufffd|\n"])
def test_an_answer_without_nodes_is_a_sentence(answer: str) -> None:
    """Nothing could be held against it, and every partition would be called unknown."""
    found = requirements.nodes(lambda *_, **__: subprocess.CompletedProcess((), 0, answer, ""))
    assert isinstance(found, str)
    assert "ask who runs the cluster" in found


def test_a_sites_banner_is_passed_over() -> None:
    """Some sites print a line before every answer."""
    assert requirements.nodes(lambda *_, **__: subprocess.CompletedProcess((), 0, f"Welcome!\n{SINFO}", "")) == NODES


@pytest.mark.parametrize(
    ("limit", "minutes"),
    [
        ("3-00:00:00", 4320),
        ("30:00", 30),
        ("1:00:01", 61),
        ("infinite", None),
        ("n/a", None),
        ("a:b", None),
        (":", None),
    ],
)
def test_time_limits(limit: str, minutes: int | None) -> None:
    """Days, hours, minutes, seconds, a begun minute counted whole; what cannot be read limits nothing."""
    assert requirements.minutes(limit) == minutes


def test_rules_share_a_sentence() -> None:
    """Two rules in the same wrong partition are one line."""
    asks = [FITS._replace(partition="x"), FITS._replace(partition="x", rule="tune_soft")]
    [sentence] = requirements.problems(asks, NODES)
    assert "(tune_sft, tune_soft)" in sentence


def test_without_sinfo_there_is_one_sentence() -> None:
    """Not on a login node, or a cluster that does not answer."""

    def absent(*_: Any, **__: Any) -> Any:
        raise FileNotFoundError("no sinfo")

    assert "start this on a login node" in str(requirements.nodes(absent))
    failing = lambda *_, **__: subprocess.CompletedProcess((), 1, "", "slurm_load_partitions: down\n")  # noqa: E731
    assert "slurm_load_partitions: down: ask" in str(requirements.nodes(failing))


class Resources(dict[str, Any]):
    """As Snakemake's."""


class Job:
    """As much of Snakemake's job as is asked for."""

    threads = 8
    is_local = False

    def __init__(self, rule: str, **resources: Any) -> None:
        self.rule = type("Rule", (), {"name": rule})()
        self.resources = Resources(resources)


def test_gpus_may_be_asked_for_as_generic_resources() -> None:
    """`gres` counts GPUs on each node, `gpu` all of a job; a site without --gpus sets `gpu: 0` beside `gres`."""
    asked = [Job("a", gpu=0, gres="gpu:a800:4"), Job("b", gpu=0, gres="gpu:2", nodes=2), Job("c", gres="nvme:1")]
    found = requirements.requests(asked)
    assert [(ask.gpu, ask.gpu_model, ask.nodes) for ask in found] == [(4, "a800", 1), (4, "", 2), (0, "", 1)]


def test_what_jobs_ask_for_is_read_once() -> None:
    """Two seeds ask for the same; threads are CPUs unless cpus_per_task is given; other keys have plain defaults."""
    tune = {"slurm_partition": "gpu", "gpu": 4, "gpu_model": "a800", "mem_mb": 9, "runtime": 5}
    jobs = [Job("tune", **tune), Job("tune", **tune), Job("rank", cpus_per_task=2)]
    assert requirements.requests(jobs) == [
        Request("tune", "gpu", 4, "a800", 1, 9, 8, 5),
        Request("rank", "", 0, "", 1, 0, 2, 0),
    ]
