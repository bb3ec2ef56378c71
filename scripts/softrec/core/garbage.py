"""Garbage collection of Python: rare while modules are imported and a model is loaded, as usual afterwards.

Importing torch, transformers and PEFT makes half a million objects, almost none of which is garbage. Python would look
through them again and again: a sixth of the time of these imports, and as long once more when the process ends.
"""

import atexit
import gc

RARE = (100_000, 20, 20)
_usual = gc.get_threshold()


def collect_rarely() -> None:
    """Let Python collect garbage rarely from now on, and not at its end: the system takes back all memory at once."""
    gc.set_threshold(*RARE)
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)


def collect_as_usual() -> None:
    """Let Python collect garbage as by default: while a model is used, garbage in a cycle may hold a GPU's memory."""
    gc.set_threshold(*_usual)
