"""The manifest beside each output of a job: all that is needed to say where it came from, and whether it is still that.

It is written when the outputs are there, and read when another job takes one of them as its input.
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


def write(facts: Mapping[str, Any], inputs: Sequence[Path], outputs: Sequence[Path], seconds: float) -> None:
    """Write `OUTPUT.manifest.json` beside each output.

    Args:
        facts: the job's `settings`, `code` and `notes`.
        seconds: what it took.
    """
    manifest = {
        "script": Path(sys.argv[0]).name,
        "seed": facts["settings"].get("seed"),
        **facts,
        "inputs": {str(path): file_digests.sha256(path) for path in inputs},
        "own": {str(path): file_digests.signs_of(path) for path in inputs if not files.manifest_of(path).exists()},
        "outputs": {str(path): file_digests.sha256(path) for path in outputs},
        "modules": sorted(name for name in sys.modules if name.split(".")[0] in loaded_modules.PACKAGES),
        "versions": versions(),
        "environment": sys.prefix,
        "hardware": hardware(),
        "ranks": world_size(),
        "seconds": round(seconds, 3),
    }
    for path in outputs:
        files.write_json(files.manifest_of(path), manifest)
        files.remove(files.mark_of(path))


def versions() -> dict[str, str]:
    """Versions of Python and of those known libraries that this process has loaded."""
    loaded = {name: str(sys.modules[name].__version__) for name in VERSIONS_OF if name in sys.modules}
    return {"python": platform.python_version(), **loaded}


def hardware() -> dict[str, Any]:
    """The machine in a few words: system, cores, and GPUs if torch is loaded and sees any."""
    facts: dict[str, Any] = {"system": platform.platform(), "cores": os.cpu_count()}
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        facts["gpus"] = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return facts


def of_nobody(inputs: Sequence[Path]) -> dict[Path, file_digests.Signs]:
    """The signs of those inputs that no job wrote: somebody may write to them while they are read."""
    return {path: file_digests.signs_of(path) for path in inputs if not files.manifest_of(path).exists()}


def require_unchanged(inputs: Mapping[Path, file_digests.Signs], outputs: Sequence[Path]) -> None:
    """Raise `SoftrecError`, and remove `outputs`, unless files have the content that they had when a job began.

    By inode, size and mtime: a hard link to a file, which other jobs may make, moves its ctime.
    """
    for path, before in inputs.items():
        now = file_digests.signs_of(path) if path.exists() else []
        if [sign[:4] for sign in now] != [sign[:4] for sign in before]:
            for output in outputs:
                files.remove(output)
            raise SoftrecError(f"{path} was changed while this job read it", remedy="run the same command again")


def require_as_made(path: Path) -> None:
    """Raise `SoftrecError` unless a file or folder is what its manifest says that a job wrote.

    What has no manifest was put there by a person, and is taken as it is. An output that was moved with its manifest
    is known by its name.
    """
    place = files.manifest_of(path)
    if not place.exists():
        return
    remedy = f"remove {path} and let Snakemake make it again"
    try:
        manifest = files.read_json(place)
    except SoftrecError as error:  # without its manifest the file would count as somebody's own
        raise SoftrecError(error.what, where=error.where, remedy=remedy) from error
    outputs = manifest.get("outputs") if isinstance(manifest, dict) else None
    if not isinstance(outputs, dict):
        own = f"if {path} is your own, rename {place.name}; if a job wrote it, {remedy}"
        raise SoftrecError(f"{place} names no outputs", where="its key outputs", remedy=own)
    by_name = {Path(name).name: digest for name, digest in outputs.items()}
    noted = outputs.get(str(path), by_name.get(path.name))
    if noted is None:
        raise SoftrecError(f"{place} does not tell of {path}", where=f"it names {', '.join(outputs)}", remedy=remedy)
    if (found := file_digests.sha256(path)) != noted:
        raise SoftrecError(
            f"{path} is not what {manifest.get('script')} wrote",
            where=f"its sha256 is {found}, that in {place} is {noted}",
            remedy=f"{remedy}; to use it as your own, remove its manifest",
        )
