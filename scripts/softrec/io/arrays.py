"""Arrays between rules, in numpy's own format: written whole, and read as the type and shape that they should have."""

import tokenize
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from common import files
from common.errors import SoftrecError


def write_array(path: Path, array: Any) -> None:
    """Write an array in numpy's own format, whole."""
    with files.write_whole(path) as partial, partial.open("wb") as stream:
        np.save(stream, array)


def read_array(path: Path, kind: str, shape: Sequence[int | None], *, mapped: bool = False) -> Any:
    """Read an array of numpy's own format, of the type `kind` and of a shape in which None is any number.

    With `mapped` its bytes stay on disk until they are used.

    Raises `SoftrecError` if it is none, not whole, or another.
    """
    try:
        array = np.load(path, "r", allow_pickle=False)  # mapped first: a header may ask for more than there is
        if not isinstance(array, np.memmap):
            raise ValueError("it is an archive of several")
        if (follow := path.stat().st_size - array.offset - array.nbytes) > 0:
            raise ValueError(f"{follow:,} bytes follow it")
    except (ValueError, EOFError, OSError, OverflowError, zipfile.BadZipFile, tokenize.TokenError) as error:
        raise SoftrecError(
            f"{path} cannot be read as the array it should be: {error}",
            remedy=f"remove {path} and let Snakemake make it again",
        ) from error
    fits = len(array.shape) == len(shape) and all(b in (None, a) for a, b in zip(array.shape, shape, strict=True))
    fits = fits and 0 not in array.shape[1:]  # there may be no rows, not rows of nothing
    if not fits or array.dtype != kind:
        wanted = " x ".join("any" if size is None else str(size) for size in shape)
        found = " x ".join(map(str, array.shape))
        raise SoftrecError(
            f"{path} holds {found} numbers of type {array.dtype}, not {wanted} of type {kind}",
            remedy=f"remove {path} and let Snakemake make it again",
        )
    return array if mapped else np.load(path, allow_pickle=False)
