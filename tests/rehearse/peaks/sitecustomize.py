"""Loaded by every Python of a rehearsal: as it ends, it notes its peak memory as the kernel has counted it.

Snakemake's own benchmark looks every half a minute once a job is 15 seconds old, and so misses most peaks.
"""

import atexit
import json
import os
import sys
import time
from pathlib import Path

START = time.monotonic()


def note() -> None:
    """Append a line to the file that SOFTREC_PEAKS names: arguments, peak of memory in MiB, seconds, CPU seconds."""
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    used = os.times()
    line = {"argv": sys.argv, "mib": round(peak, 1), "s": time.monotonic() - START, "cpu": used.user + used.system}
    with open(os.environ["SOFTREC_PEAKS"], "a") as stream:
        stream.write(json.dumps(line) + "\n")


if "SOFTREC_PEAKS" in os.environ and Path("/proc/self/status").exists():
    atexit.register(note)
