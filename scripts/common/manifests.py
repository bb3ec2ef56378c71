"""The manifest next to each output of a job: its provenance and its sha256.

It is written after the outputs, and checked when another job reads one of them.
"""

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from common import file_digests, files, loaded_modules
from common.errors import SoftrecError
from common.process import world_size

VERSIONS_OF = ("torch", "transformers", "peft", "deepspeed", "datasets", "numpy", "polars", "pyarrow", "matplotlib")


def write(
    facts: Mapping[str, Any], inputs: Sequence[Path], outputs: Sequence[Path], seconds: float, cpu: float
) -> None:
    """Write `OUTPUT.manifest.json` beside each output.

    Args:
        facts: the job's `settings`, `code` and `notes`.
        inputs: files that the job read.
        outputs: files that the job wrote.
        seconds: duration of the job by the clock.
        cpu: seconds of CPU time that this process took in that time, summed over its threads.
    """
    manifest = {
        "script": Path(sys.argv[0]).name,
        "seed": facts["settings"].get("seed"),
        **facts,
        "inputs": {str(path): file_digests.sha256(path) for path in inputs},
        "own": {str(path): file_digests.fingerprint(path) for path in inputs if not files.manifest_of(path).exists()},
        "outputs": {str(path): file_digests.sha256(path) for path in outputs},
        "modules": sorted(name for name in sys.modules if name.split(".")[0] in loaded_modules.PACKAGES),
        "versions": versions(),
        "environment": sys.prefix,
        "hardware": hardware(),
        "ranks": world_size(),
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu, 3),
    }
    for path in outputs:
        files.write_json(files.manifest_of(path), manifest)
        files.remove(files.mark_of(path))


def versions() -> dict[str, str]:
    """Return the versions of Python and of those libraries of `VERSIONS_OF` that this process has loaded."""
    loaded = {name: str(sys.modules[name].__version__) for name in VERSIONS_OF if name in sys.modules}
    return {"python": platform.python_version(), **loaded}


def hardware() -> dict[str, Any]:
    """Describe the machine: system, cores, and GPUs if torch is loaded and finds any."""
    facts: dict[str, Any] = {"system": platform.platform(), "cores": os.cpu_count()}
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        facts["gpus"] = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return facts


def user_inputs(inputs: Sequence[Path]) -> dict[Path, file_digests.Fingerprint]:
    """Return the signs of inputs that no job wrote, which users may change while they are read."""
    return {path: file_digests.fingerprint(path) for path in inputs if not files.manifest_of(path).exists()}


def require_unchanged(inputs: Mapping[Path, file_digests.Fingerprint], outputs: Sequence[Path]) -> None:
    """Raise `SoftrecError`, and remove `outputs`, if an input has changed since the job began.

    Inode, size and mtime are compared, but not ctime, which changes when another job makes a hard link to the file.
    """
    for path, before in inputs.items():
        now = file_digests.fingerprint(path) if path.exists() else []
        if [sign[:4] for sign in now] != [sign[:4] for sign in before]:
            for output in outputs:
                files.remove(output)
            raise SoftrecError(f"{path} was changed while this job read it", remedy="run the same command again")


def require_as_made(path: Path) -> None:
    """Raise `SoftrecError` unless a file or folder has the sha256 in its manifest.

    A file without a manifest is a user's own, and is not checked. An output that was moved together with its manifest
    is found by its name.
    """
    place = files.manifest_of(path)
    if not place.exists():
        return
    remedy = f"remove {path} and let Snakemake make it again"
    try:
        manifest = files.read_json(place)
    except SoftrecError as error:  # remove both: without its manifest the file would count as a user's own
        raise SoftrecError(error.what, where=error.where, remedy=remedy) from error
    outputs = manifest.get("outputs") if isinstance(manifest, dict) else None
    if not isinstance(outputs, dict):
        own = f"if {path} is your own, rename {place.name}; if a job wrote it, {remedy}"
        raise SoftrecError(f"{place} names no outputs", where="its key outputs", remedy=own)
    by_name = {Path(name).name: digest for name, digest in outputs.items()}
    noted = outputs.get(str(path), by_name.get(path.name))
    if noted is None:
        raise SoftrecError(f"{place} does not list {path}", where=f"it lists {', '.join(outputs)}", remedy=remedy)
    if (found := file_digests.sha256(path)) != noted:
        raise SoftrecError(
            f"{path} is not what {manifest.get('script')} wrote",
            where=f"its sha256 is {found}, that in {place} is {noted}",
            remedy=f"{remedy}; to use it as your own, remove its manifest",
        )
