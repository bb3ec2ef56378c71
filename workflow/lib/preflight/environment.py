"""The environment of jobs: check of the profile's software, and variables that make results machine-independent."""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path


def conda_sentence(
    deployment_methods: Iterable[object], which: Callable[[str], str | None] = shutil.which
) -> str | None:
    """Return the error of a run that uses conda where conda is not found; None if there is no problem.

    Args:
        deployment_methods: names of the requested methods, or Snakemake's own values for them.
        which: finds a program on PATH.
    """
    if "conda" not in {str(method) for method in deployment_methods} or which("conda"):
        return None
    return (
        "The profile makes each rule's environment with conda (software-deployment-method: conda), and no conda is\n"
        "found on PATH: install conda 24.7.1 or newer, or remove that line from your own profile, so that jobs run in\n"
        "the environment in which Snakemake runs. A dry run without conda:\n"
        "    snakemake --profile profiles/slurm-venv -n"
    )


def threads_sentence() -> str | None:
    """Return the error for a number of threads at which polars would panic; None if there is no problem."""
    value = os.environ.get("POLARS_MAX_THREADS", "1")
    if re.fullmatch(r"\s*[+-]?0+\s*", value):
        return f"The environment variable POLARS_MAX_THREADS is {value!r}: unset it, or set it to a number of threads."
    return None


def prefer_this_interpreter() -> None:
    """Put the folder of the running Python first on PATH.

    Without conda, rules then run in the environment that Snakemake runs in, whether or not it was activated; with
    conda, each environment is activated on top and comes first.
    """
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])


def instruction_set(processor: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """Return the variables that limit torch and its oneDNN to AVX2 on a processor with AVX2; {} on others.

    By default both use AVX-512 where available. Its wider registers round sums differently, so that after some epochs
    the model differs. The demo's SASRec takes the same time to train with AVX2.
    """
    try:
        told = processor.read_text()
    except OSError:
        return {}
    if not re.search(r"^flags\s*:.*\bavx2\b", told, re.MULTILINE):
        return {}
    return {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
