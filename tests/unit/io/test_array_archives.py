"""Files that are no single array."""

from pathlib import Path

import numpy as np
import pytest

from common.errors import SoftrecError
from softrec.io import arrays


def test_arrays_that_are_none(tmp_path: Path) -> None:
    """An archive of several, and one that claims more than any memory."""
    path = tmp_path / "z.npy"
    with path.open("wb") as stream:
        np.savez(stream, a=np.zeros(3), b=np.zeros(3))
    with pytest.raises(SoftrecError, match="archive of several"):
        arrays.read_array(path, "float32", (None, None))
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 3072), }".ljust(117) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(SoftrecError, match="cannot be read as an array"):
        arrays.read_array(path, "float32", (None, None))
