"""What files from elsewhere may hold at most."""

from dataclasses import dataclass
from pathlib import Path

from common.errors import SoftrecError


@dataclass(frozen=True)
class Limits:
    """What a raw file may hold at most, so that one that was made to fill a machine does not.

    line_mib: of a line, in MiB. inflated_gib: what a compressed file unpacks to, in GiB.
    """

    line_mib: int = 64
    inflated_gib: float = 256


def too_large(path: Path, limits: Limits) -> SoftrecError:
    """The sentence for a compressed file that unpacks to more than is allowed."""
    return SoftrecError(
        f"{path} unpacks to more than {limits.inflated_gib:g} GiB",
        where=f"{path}, of {path.stat().st_size:,} bytes",
        remedy="raise limits.inflated_gib if that is so, or give another file",
    )
