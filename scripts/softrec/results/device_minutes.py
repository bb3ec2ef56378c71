"""Minutes of a device, for Figure 6: wall-clock minutes of a GPU, minutes of CPU time of a process on a CPU.

A job has its GPU to itself, but shares cores with other jobs: then its wall-clock minutes say how busy the machine was.
"""

from pathlib import Path

from common.errors import SoftrecError
from common.files import manifest_of
from softrec.io.records import read_record
from softrec.results.runtimes import CPU, Entry

WALL = f"{CPU} (wall clock)"


def on_device(entry: Entry, path: Path) -> Entry:
    """Return an entry with the minutes of its device; `path` is an output of its job.

    A job records the CPU time of its process as a whole. Its share of the job's wall-clock time is taken for every
    stage, also of earlier attempts of a job that was resumed. Manifests of earlier versions have no CPU time: then the
    minutes stay wall-clock minutes, and the device says so.

    Raises:
        SoftrecError: the manifest is missing, or a time in it is not a number.
    """
    if entry.device != CPU:
        return entry
    if not (place := manifest_of(path)).exists():
        raise SoftrecError(f"{place} is not there", remedy=f"remove {path} and let Snakemake make it again")
    manifest = read_record(place)
    if "cpu_seconds" not in manifest.value:
        return entry._replace(device=WALL)
    share = manifest.number("cpu_seconds", 0) / max(manifest.number("seconds", 0), 0.001)
    return entry._replace(minutes=entry.minutes * share)
