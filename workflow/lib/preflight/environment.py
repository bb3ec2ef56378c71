"""The surroundings of jobs: whether a profile's software is to be had, and what must not depend on the machine."""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path


def conda_sentence(
    deployment_methods: Iterable[object], which: Callable[[str], str | None] = shutil.which
) -> str | None:
    """The one sentence for a run that asks for conda where none is found; None if all is well.

    Args:
        deployment_methods: names of the requested methods, or Snakemake's own values for them.
        which: finds a program on PATH.
    """
    if "conda" not in {str(method) for method in deployment_methods} or which("conda"):
        return None
    return (
        "The profile makes each rule's environment with conda (software-deployment-method: conda), and no conda is\n"
        "found on PATH: install conda 24.7.1 or newer, or run in the current environment by adding\n"
        "`--sdm env-modules` to the same command, as in\n"
        "    snakemake --profile profiles/slurm --sdm env-modules -n"
    )


def threads_sentence() -> str | None:
    """The one sentence for a number of threads that polars would panic at; None if all is well."""
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
    """The variables that hold torch and its oneDNN to AVX2 on a processor that has it, or more; {} on any other.

    Left to themselves both take AVX-512 where there is one, in whose wider registers sums are rounded otherwise: after
    some epochs a model is another one. The demo's SASRec trains as long either way.
    """
    try:
        told = processor.read_text()
    except OSError:
        return {}
    if not re.search(r"^flags\s*:.*\bavx2\b", told, re.MULTILINE):
        return {}
    return {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
