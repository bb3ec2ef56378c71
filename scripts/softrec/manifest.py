"""The manifest of a run: with what, from what and on what its tables were made."""

import hashlib
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from softrec import files


def versions(requirements: Path) -> dict[str, str]:
    """Version of each package that the requirements name, as installed; "absent" for one that is not."""
    lines = (line.split("#")[0].strip() for line in requirements.read_text().splitlines())
    names = [line.split("[")[0].split("=")[0].split("<")[0].split(">")[0].strip() for line in lines if line]
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return {"python": platform.python_version(), **found}


def command(*words: str) -> str | None:
    """What a command prints, or None where it is missing or fails."""
    if shutil.which(words[0]) is None:
        return None
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def commit() -> dict[str, Any]:
    """The commit of the repository, and whether files that it tracks were changed; None where git cannot say."""
    status = command("git", "status", "--porcelain", "--untracked-files=no")
    return {"commit": command("git", "rev-parse", "HEAD"), "changed": None if status is None else bool(status)}


def hardware() -> dict[str, Any]:
    """Processor, cores, memory in GiB, and GPUs as the driver names them."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    gpus = command("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "gpus": gpus.splitlines() if gpus else [],
    }


def run_manifest(config: dict[str, Any], results: Sequence[Path], raw: Sequence[Path], requirements: Path) -> Any:
    """Everything, with the sha256 of each table and raw file, and of the configuration as sorted JSON."""
    text = json.dumps(config, sort_keys=True)
    return {
        "run": config["run"],
        "seeds": config["seeds"],
        "repository": commit(),
        "versions": versions(requirements),
        "hardware": hardware(),
        "results": {str(path): files.sha256(path) for path in results},
        "raw": {str(path): files.sha256(path) for path in raw},
        "configuration_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "configuration": config,
    }
