"""Resumable HTTP downloads, checksums, and offline mode.

`huggingface_hub` 2 uses a new temporary file for each attempt and removes it on failure, so that an 8 GB file that
fails after 7 GB starts over. Large plain files are therefore downloaded by `download`, which keeps partial files.
"""

import errno
import http.client
import math
import os
import shutil
import time
import urllib.error
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from common import files
from common.errors import SoftrecError
from common.log import info
from softrec.fetch.partial_download import PartialDownload

ChecksumMode = Literal["expected", "record"]
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
TEMPORARY = (408, 425, 429, 500, 502, 503, 504)


def offline() -> bool:
    """Whether `HF_HUB_OFFLINE` forbids network access, by the same rules as in huggingface_hub."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def require_network(what: str) -> None:
    """Raise `SoftrecError` naming `what` if `HF_HUB_OFFLINE` forbids downloading it."""
    if offline():
        raise SoftrecError(
            f"HF_HUB_OFFLINE is set, so {what} cannot be fetched",
            where=f"HF_HUB_OFFLINE={os.environ['HF_HUB_OFFLINE']}",
            remedy="fetch it where there is a network, with HF_HUB_OFFLINE unset; no later rule needs one",
        )


@dataclass(frozen=True)
class Checksum:
    """The configured checksum of one file.

    Attributes:
        sha256: the configured sum, or None.
        mode: with "expected" the file must have this sum; with "record" a difference is only logged.
        key: the configuration key of `sha256`.
        name: the file's name in messages.
    """

    sha256: str | None
    mode: ChecksumMode
    key: str
    name: str

    def __post_init__(self) -> None:
        """Raise `SoftrecError` if a sum is required but not configured, before anything is downloaded."""
        if self.mode == "expected" and self.sha256 is None:
            raise SoftrecError(
                f"no sha256 is configured for {self.name}, but checksum is 'expected'",
                where=self.key,
                remedy="give the sum, or set checksum: record",
            )

    def verify(self, path: Path) -> str:
        """Return the sha256 of `path`. Raises `SoftrecError` naming both sums and the key if another is required."""
        actual = files.sha256(path)
        info(f"{self.name}: {path.stat().st_size:,} bytes, sha256 {actual}")
        self.compare(actual)
        return actual

    def compare(self, actual: str) -> None:
        """Compare a known sum, such as one stated by the publisher, with the configured one; raises like `verify`."""
        if self.sha256 is None or actual == self.sha256.lower():
            return
        if self.mode == "record":
            info(f"{self.name}: {self.key} has sha256 {self.sha256}; checksum: record accepts the difference")
            return
        raise SoftrecError(
            f"{self.name} has sha256 {actual}, but the configuration expects {self.sha256}",
            where=self.key,
            remedy="if the publisher changed the file on purpose, put the new sum there or set checksum: record",
        )


def link_or_copy(source: Path, target: Path) -> None:
    """Make `target` a hard link to `source`, or a copy if the file system does not allow links.

    The cache keeps its file, and large files are stored once. The modification time is set to now, because the file is
    new to the workflow, however old it is in the cache.
    """
    source = source.resolve()
    try:
        os.link(source, target)
        os.utime(target)
    except OSError:
        files.remove(target)
        shutil.copyfile(source, target)


def download(
    url: str,
    target: Path,
    *,
    allow_http: bool = False,
    most_gib: float = math.inf,
    verified: bool = False,
    attempts: int = 5,
    wait: float = 2.0,
) -> PartialDownload:
    """Download `url` next to `target`, resuming an earlier attempt; return the complete download.

    Received bytes are kept in `.NAME.part`, across failures and processes, until the caller moves (`move`) or discards
    (`discard`) the file. When it has the size that the server announced, it is complete and not requested again. A file
    that changed on the server (by its ETag or date) is downloaded from the beginning.

    Args:
        url: the address.
        target: path of the final file.
        allow_http: whether http addresses are allowed besides https.
        most_gib: maximum size in GiB.
        verified: whether the caller checks completeness itself (by a checksum, or a format that marks its end);
            otherwise the server must announce the size or send chunks.
        attempts: number of attempts.
        wait: seconds before the second attempt; the wait doubles each time.

    Raises:
        SoftrecError: the server refuses or sends too much, the disk is full, or all attempts fail.
    """
    require_network(url)
    part = PartialDownload(url, target, allow_http, most_gib * 2**30, verified)
    problem = ""
    for attempt in range(attempts):
        if attempt:
            info(f"{url}: {problem}; attempt {attempt + 1} of {attempts} resumes after {part.size():,} bytes")
            time.sleep(wait * 2 ** (attempt - 1))
        try:
            part.fetch_rest()
            return part
        except (OSError, http.client.HTTPException) as error:
            problem = explain(error, url, target)
    raise SoftrecError(
        f"{url} could not be fetched: {problem}",
        where=f"{attempts} attempts; {part.path} keeps the {part.size():,} bytes that arrived",
        remedy="run the same command again: it goes on from there",
    )


def explain(error: Exception, url: str, target: Path) -> str:
    """Describe a temporary failure; raises `SoftrecError` for one that another attempt cannot resolve."""
    if isinstance(error, urllib.error.HTTPError):
        if error.code not in TEMPORARY:
            raise SoftrecError(
                f"the server refuses {url}: {error.code} {error.reason}",
                remedy="correct the address in the configuration (base_url, path, revision), or see whether it moved",
            ) from error
        return f"the server answers {error.code} {error.reason}"
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        raise SoftrecError(
            f"no space is left to download {target}",
            where=f"{error.strerror}; the disk that holds {target.parent}",
            remedy="free space or move results/ to a larger disk, then run the same command again: it goes on",
        ) from error
    return str(getattr(error, "reason", error)) or type(error).__name__
