"""Surroundings of jobs: conda asked for and not found, and the instructions that torch may take."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lib.preflight import environment
from places import WORKFLOW


def test_nothing_is_said_without_need() -> None:
    """Conda is not asked for, or it is there."""
    assert environment.conda_sentence([], lambda name: None) is None
    assert environment.conda_sentence(["env-modules"], lambda name: None) is None
    assert environment.conda_sentence(["conda"], lambda name: f"/opt/bin/{name}") is None


def test_the_sentence_names_the_other_form() -> None:
    """What is missing, and the words to type."""
    sentence = environment.conda_sentence(["conda"], lambda name: None)
    assert sentence is not None
    assert "no conda is\nfound" in sentence
    assert "--profile profiles/slurm-venv" in sentence


SNAKEFILE = """
import sys
sys.path.insert(0, {lib!r})
from lib.preflight import environment
methods = map(str, workflow.deployment_settings.deployment_method)
if sentence := environment.conda_sentence(methods, lambda name: None):
    raise SystemExit(sentence)
rule one:
    output: "one.txt"
    conda: "env.yaml"
    shell: "touch {{output}}"
"""


@pytest.fixture
def workflow(tmp_path: Path) -> Path:
    """A workflow whose profile asks for conda."""
    lib = WORKFLOW
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(lib=str(lib)))
    (tmp_path / "env.yaml").write_text("dependencies: [python]\n")
    (tmp_path / "cluster").mkdir()
    (tmp_path / "cluster/config.yaml").write_text("software-deployment-method: conda\ncores: 1\n")
    return tmp_path


def dry_run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`snakemake --profile cluster -n ARGUMENTS`."""
    command = [sys.executable, "-m", "snakemake", "--profile", "cluster", "-n", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_a_dry_run_ends_with_the_sentence_alone(workflow: Path) -> None:
    """Exit status 1, the sentence at the end of standard error, no traceback."""
    ended = dry_run(workflow)
    assert ended.returncode == 1
    assert ended.stderr.strip().endswith(str(environment.conda_sentence(["conda"], lambda name: None)))
    assert "Traceback" not in ended.stderr


def test_the_form_that_the_sentence_names_lists_the_jobs(workflow: Path) -> None:
    """With `--sdm env-modules` the same command plans rule one."""
    ended = dry_run(workflow, "--sdm", "env-modules")
    assert ended.returncode == 0, ended.stderr
    assert "rule one:" in ended.stdout


@pytest.mark.parametrize(
    ("value", "said"), [("0", True), ("+00 ", True), ("", False), ("many", False), ("-2", False), ("4", False)]
)
def test_no_threads_at_all(monkeypatch: pytest.MonkeyPatch, value: str, said: bool) -> None:
    """Polars ends in a panic of Rust's with none, which is said before anything is planned; the rest it passes over."""
    monkeypatch.setenv("POLARS_MAX_THREADS", value)
    sentence = environment.threads_sentence()
    assert (sentence is not None) == said
    assert sentence is None or f"POLARS_MAX_THREADS is {value!r}: unset it" in sentence


HELD = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}


@pytest.mark.parametrize(
    ("told", "variables"),
    [
        ("processor : 0\nflags\t\t: fpu avx avx2 avx512f\n", HELD),
        ("flags : fpu avx2\n", HELD),
        ("flags : fpu avx avx2x\n", {}),
        ("Features : fp asimd\n", {}),
        ("", {}),
    ],
)
def test_torch_adds_alike_on_each_processor_that_can(tmp_path: Path, told: str, variables: dict[str, str]) -> None:
    """AVX2 where there is more, too; nothing where there is less: torch would run what the processor does not know."""
    (tmp_path / "cpuinfo").write_text(told)
    assert environment.instruction_set(tmp_path / "cpuinfo") == variables
    assert environment.instruction_set(tmp_path / "absent") == {}


def test_torch_heeds_it() -> None:
    """Asked in a process of its own, since torch looks once, at its start."""
    own = environment.instruction_set()
    words = [sys.executable, "-c", "import torch; print(torch.backends.cpu.get_cpu_capability())"]
    ended = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **own})
    assert ended.stdout.strip() == "AVX2" or not own


def test_onednn_heeds_it() -> None:
    """It computes torch's GELU, and tells what it takes when it is asked to be verbose."""
    own = environment.instruction_set()
    words = [sys.executable, "-c", "import torch; torch.nn.functional.gelu(torch.ones(64, 64))"]
    ended = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "ONEDNN_VERBOSE": "1", **own})
    assert "cpu,isa:Intel AVX2\n" in ended.stdout or not own
