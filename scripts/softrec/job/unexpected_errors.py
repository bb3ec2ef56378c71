"""Messages for unexpected exceptions: type and text, the calls that led to the exception, and a remedy."""

import errno
import sysconfig
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from common.errors import SoftrecError

SHOWN = 3  # inputs named
LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})
FULL = (errno.ENOSPC, errno.EDQUOT)


def as_softrec_error(error: BaseException, inputs: Sequence[Path], frame: str) -> SoftrecError:
    """Build the `SoftrecError` for an unexpected exception.

    Args:
        error: the exception.
        inputs: the files that the job read.
        frame: a file whose calls are omitted because they occur in every job.
    """
    said = " ".join(str(error).split()) or "no reason given"
    steps = " > ".join(place for cause in causes(error) for place in way(cause, frame))
    return SoftrecError(f"{type(error).__name__}: {said}", where=steps, remedy=remedy(error, inputs))


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception that was raised first, then those that it caused."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from causes(before)
    yield error


def way(error: BaseException, frame: str) -> Iterator[str]:
    """Yield the calls that led to an exception, of libraries only the last one; then the exception's type."""
    calls = [call for call in traceback.extract_tb(error.__traceback__) if call.filename != frame]
    for call in calls:
        if call is calls[-1] or not call.filename.startswith(LIBRARIES):
            yield f"{Path(call.filename).name}:{call.lineno} in {call.name}"
    yield type(error).__name__


def remedy(error: BaseException, inputs: Sequence[Path]) -> str:
    """Return a remedy. Exceptions of torch are recognised by name, because most jobs do not import torch."""
    kind = type(error).__name__
    if kind == "OutOfMemoryError":
        return "lower tuning.micro_batch_size or generation.batch_size, or take a GPU with more memory"
    if kind == "AcceleratorError":
        return "start the same command again; if it comes back, see what the GPU's driver says (nvidia-smi, dmesg)"
    if isinstance(error, MemoryError):
        return "give the job more memory (mem_mb of its rule), or run fewer jobs at once"
    if isinstance(error, OSError) and error.errno in FULL:
        return "free space or move results/ to a larger disk, then run the same command again"
    named = ", ".join(map(str, inputs[:SHOWN])) or "there are none"
    more = f" and {len(inputs) - SHOWN} more" if len(inputs) > SHOWN else ""
    return f"see whether the inputs are as they should be ({named}{more}); if all are, softrec is at fault: report it"
