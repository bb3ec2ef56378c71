"""Arrays in numpy's format: written atomically, and read with a check of type and shape."""

import tokenize
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from common import files
from common.errors import SoftrecError


def write_array(path: Path, array: Any) -> None:
    """Write an array in numpy's format, atomically."""
    with files.atomic_write(path) as partial, partial.open("wb") as stream:
        np.save(stream, array)


def read_array(path: Path, kind: str, shape: Sequence[int | None], *, mapped: bool = False) -> Any:
    """Read an array in numpy's format with dtype `kind` and a given shape, in which None matches any size.

    With `mapped` the array is memory-mapped: its bytes stay on disk until they are used.

    Raises `SoftrecError` if the file is not such an array or is incomplete.
    """
    try:
        # Mapped first: a wrong header could make numpy allocate far more than the file holds.
        array = np.load(path, "r", allow_pickle=False)
        if not isinstance(array, np.memmap):
            raise ValueError("it is an archive of several arrays")
        if (follow := path.stat().st_size - array.offset - array.nbytes) > 0:
            raise ValueError(f"{follow:,} bytes follow the array")
    except (ValueError, EOFError, OSError, OverflowError, zipfile.BadZipFile, tokenize.TokenError) as error:
        raise SoftrecError(
            f"{path} cannot be read as an array: {error}",
            remedy=f"remove {path} and let Snakemake make it again",
        ) from error
    fits = len(array.shape) == len(shape) and all(b in (None, a) for a, b in zip(array.shape, shape, strict=True))
    fits = fits and 0 not in array.shape[1:]  # zero rows are valid, rows of size zero are not
    if not fits or array.dtype != kind:
        wanted = " x ".join("any" if size is None else str(size) for size in shape)
        found = " x ".join(map(str, array.shape))
        raise SoftrecError(
            f"{path} holds {found} numbers of type {array.dtype}, not {wanted} of type {kind}",
            remedy=f"remove {path} and let Snakemake make it again",
        )
    return array if mapped else np.load(path, allow_pickle=False)
