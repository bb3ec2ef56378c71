"""One measurement: runs one side of one step in a process of its own and prints what it took as a line of JSON.

Only the standard library is imported here, so that a peer may run under another Python.
"""

import importlib
import json
import mmap
import os
import re
import resource
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MIB = 2**20
TOUCHED = 2**31


def status(key: str) -> int:
    """A size of this process in bytes, by its name in /proc (VmRSS: now; VmHWM: the highest)."""
    return int(re.search(rf"^{key}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)[1]) * 1024


def cpu_seconds() -> float:
    """Processor time of this process and of the children that it has waited for."""
    return sum(
        u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def touch_memory() -> None:
    """Take `TOUCHED` bytes and give them back.

    A virtual machine hands memory that was free for seconds back to its host, and to take it again costs more than some
    steps do (seen: the filter 2.6 s instead of 1.6 s): whichever side comes after a pause would pay for it.
    """
    with mmap.mmap(-1, TOUCHED) as area:
        for start in range(0, TOUCHED, mmap.PAGESIZE):
            area[start] = 1


def measure(side: Any, folder: Path) -> dict[str, float]:
    """Run `side(folder)`, a generator of two yields: what lies between them is measured.

    Returns wall seconds, CPU seconds, the highest memory of the process in MiB, and how far that is above what the
    process held when the clock started; with them whatever numbers the side yields at the second yield.
    """
    run = side(folder)
    next(run)
    touch_memory()
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest memory so far
    held, cpu, start = status("VmRSS"), cpu_seconds(), time.perf_counter()
    facts = next(run) or {}
    seconds, cpu, highest = time.perf_counter() - start, cpu_seconds() - cpu, status("VmHWM")
    for _ in run:
        raise AssertionError("a side yields twice")
    return {"seconds": seconds, "cpu": cpu, "peak": highest / MIB, "rise": (highest - held) / MIB, **facts}


def main() -> None:
    """`child.py STEP SIDE FOLDER`; standard output is for the result alone."""
    step, side, folder = sys.argv[1:]
    out = os.dup(1)
    os.dup2(2, 1)  # what libraries print is no result
    sys.path[:0] = [str(HERE), str(HERE.parents[1] / "scripts")]
    result = measure(getattr(importlib.import_module(f"steps.{step}"), side), Path(folder))
    os.write(out, (json.dumps(result) + "\n").encode())


if __name__ == "__main__":
    main()
