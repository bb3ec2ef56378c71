"""Size limits for external files."""

from dataclasses import dataclass
from pathlib import Path

from common.errors import SoftrecError


@dataclass(frozen=True)
class Limits:
    """Size limits of a raw file, as protection against files made to exhaust memory or disk.

    Attributes:
        line_mib: maximum length of a line in MiB.
        inflated_gib: maximum inflated size of a compressed file in GiB.
    """

    line_mib: int = 64
    inflated_gib: float = 256


def too_large(path: Path, limits: Limits) -> SoftrecError:
    """Build the error for a compressed file that inflates to more than is allowed."""
    return SoftrecError(
        f"{path} unpacks to more than {limits.inflated_gib:g} GiB",
        where=f"{path}, of {path.stat().st_size:,} bytes",
        remedy="raise limits.inflated_gib if that is so, or give another file",
    )
