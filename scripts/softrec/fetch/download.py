"""Bytes from elsewhere: resumable HTTP, checksums, and the switch that forbids the network.

`huggingface_hub` 2 gives each attempt a temporary file of its own and removes it on failure, so that an 8 GB file which
breaks after 7 GB starts over. Large plain files therefore come through `download`, which keeps what has arrived.
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
from common.log import say
from softrec.fetch.partial_download import PartialDownload

ChecksumMode = Literal["expected", "record"]
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
TEMPORARY = (408, 425, 429, 500, 502, 503, 504)


def offline() -> bool:
    """Whether `HF_HUB_OFFLINE` forbids the network, read as huggingface_hub reads it."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def require_network(what: str) -> None:
    """Raise `SoftrecError` naming `what` if `HF_HUB_OFFLINE` forbids to fetch it."""
    if offline():
        raise SoftrecError(
            f"HF_HUB_OFFLINE is set, so {what} cannot be fetched",
            where=f"HF_HUB_OFFLINE={os.environ['HF_HUB_OFFLINE']}",
            remedy="fetch it where there is a network, with HF_HUB_OFFLINE unset; no later rule needs one",
        )


@dataclass(frozen=True)
class Checksum:
    """What the configuration knows about the bytes of one file.

    mode "expected": the file must have this sha256. mode "record": a difference is said in the log and no more.
    `name` is what the file is called in messages, `key` the configuration key that holds `sha256`.
    """

    sha256: str | None
    mode: ChecksumMode
    key: str
    name: str

    def __post_init__(self) -> None:
        """Refuse a sum that is demanded but not given, before anything is downloaded."""
        if self.mode == "expected" and self.sha256 is None:
            raise SoftrecError(
                f"no sha256 is configured for {self.name}, but checksum is 'expected'",
                where=self.key,
                remedy="give the sum, or set checksum: record",
            )

    def verify(self, path: Path) -> str:
        """The sha256 of `path`. Raises `SoftrecError` naming both sums and the key if it is not the one demanded."""
        actual = files.sha256(path)
        say(f"{self.name}: {path.stat().st_size:,} bytes, sha256 {actual}")
        self.compare(actual)
        return actual

    def compare(self, actual: str) -> None:
        """Hold a sum that is known already (the publisher states it) against the configured one."""
        if self.sha256 is None or actual == self.sha256.lower():
            return
        if self.mode == "record":
            say(f"{self.name}: {self.key} has sha256 {self.sha256}; checksum: record lets the difference pass")
            return
        raise SoftrecError(
            f"{self.name} has sha256 {actual}, but the configuration expects {self.sha256}",
            where=self.key,
            remedy="if the publisher changed the file on purpose, put the new sum there or set checksum: record",
        )


def link_or_copy(source: Path, target: Path) -> None:
    """Make `target` a file with the bytes of `source`: a hard link where the disk allows one, else a copy.

    So a cache keeps its files and nothing large is stored twice. The time stamp is now: for the workflow the file is
    new, however long the cache has had it.
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
    """Download `url` beside `target`, going on where an earlier attempt stopped; return the whole part.

    What has arrived is kept in `.NAME.part`, across failures and processes, until the caller gives it a name (`move`)
    or drops it (`discard`); it is whole when its size is the one that the server announced, and is then not asked for
    again. A file that changed meanwhile (its ETag or date says so) is sent anew.
    With `allow_http` an address that is not https is asked too. The file may have `most_gib` GiB. Unless the caller
    finds out by the bytes that none is missing (`verified`: by a sum, or a format that has an end), a server has to
    say how many there are.
    Raises `SoftrecError` if the server refuses or sends more than that, or after `attempts` breaks with `wait` seconds
    (doubling) between them.
    """
    require_network(url)
    part = PartialDownload(url, target, allow_http, most_gib * 2**30, verified)
    problem = ""
    for attempt in range(attempts):
        if attempt:
            say(f"{url}: {problem}; attempt {attempt + 1} of {attempts} goes on after {part.size():,} bytes")
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
    """A temporary failure in words; raises `SoftrecError` for one that another attempt cannot mend."""
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
