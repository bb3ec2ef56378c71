"""Download of one category of Amazon Reviews 2023 (ratings and item metadata) from the hub or the publisher's site.

Both have the same file tree; the site's files are gzipped and are unpacked here, so that a file has the same name and
sha256 from either source.
"""

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from common import file_digests, files, hub_commits
from common.errors import SoftrecError
from common.log import info
from softrec.core.limits import Limits, too_large
from softrec.fetch import download, hub
from softrec.fetch.partial_download import PartialDownload


@dataclass(frozen=True)
class RemoteFile:
    """A file's path in the publisher's tree (without .gz), and the sha256 of its plain content, or null."""

    path: str
    sha256: str | None


@dataclass(frozen=True)
class Amazon2023Settings:
    """One category and the source of its files.

    Attributes:
        category: its name in messages.
        transport: "hub" downloads from the data set `repository` at `revision`, "site" from `base_url`/path.gz.
        checksum: with "expected" each file must have its sha256; with "record" sums are only logged and recorded.
        ratings, metadata: the two files.
        allow_http: whether http addresses are allowed besides https.
        commits: folder that keeps the commits of the hub's branches, or null.
        inflated_gib: maximum size of a download and of an unpacked file in GiB.
    """

    category: str
    transport: Literal["hub", "site"]
    repository: str
    revision: str
    base_url: str
    checksum: download.ChecksumMode
    ratings: RemoteFile
    metadata: RemoteFile
    allow_http: bool = False
    commits: str | None = None
    inflated_gib: float = Limits.inflated_gib


@dataclass(frozen=True)
class Arrived:
    """A complete local file, not yet verified, and its origin.

    Attributes:
        source: a complete download, or a file in the hub's cache.
        origin: facts for the manifest.
        gzipped: whether it has to be unpacked.
        stated: the sha256 that the hub states, or None.
    """

    source: PartialDownload | Path
    origin: dict[str, Any]
    gzipped: bool = False
    stated: str | None = None


def fetch(settings: Amazon2023Settings, targets: dict[str, Path]) -> dict[str, dict[str, Any]]:
    """Fetch "ratings" and "metadata" to `targets`, whole and verified; return each one's origin, commit and sha256.

    Neither gets its name before both are complete, so that a failure of the second never discards the first. An
    interrupted download is resumed by the next attempt. Raises `SoftrecError` for a wrong sum, naming both sums and
    the key.
    """
    wanted: dict[str, RemoteFile] = {"ratings": settings.ratings, "metadata": settings.metadata}
    checksums = {
        role: download.Checksum(file.sha256, settings.checksum, f"{role}.sha256 of {settings.category}", file.path)
        for role, file in wanted.items()
    }
    arrive = from_site if settings.transport == "site" else from_hub
    arrived = {role: arrive(settings, checksums[role], targets[role]) for role in wanted}
    limits = Limits(inflated_gib=settings.inflated_gib)
    return {role: publish(arrived[role], checksums[role], targets[role], limits) for role in wanted}


def from_hub(settings: Amazon2023Settings, checksum: download.Checksum, target: Path) -> Arrived:
    """Take a file from the hub's cache if it has the commit, else download it without adding it to the cache."""
    repository, path = settings.repository, checksum.name
    pin = hub_commits.Pin(settings.commits and f"{settings.commits}/datasets", repository, settings.revision)
    revision = pin.revision()
    if download.offline():
        kept = hub.cached(repository, path, revision)
        if kept is None:
            raise hub.missing_locally(f"{path} of {repository}@{revision}", FileNotFoundError(path))
        return from_cache(pin, *kept)
    remote = hub.locate(repository, path, revision, settings.allow_http)
    if remote.sha256:
        checksum.compare(remote.sha256)  # fail before downloading gigabytes
    kept = hub.cached(repository, path, remote.commit)
    if kept is not None:
        return from_cache(pin, *kept)
    pin.keep(remote.commit)
    part = download.download(
        remote.url,
        target,
        allow_http=settings.allow_http,
        most_gib=settings.inflated_gib,
        verified=remote.sha256 is not None or checksum.mode == "expected",
    )
    return Arrived(part, {"repository": repository, "commit": remote.commit}, stated=remote.sha256)


def from_cache(pin: hub_commits.Pin, path: Path, commit: str) -> Arrived:
    """Use a file in the hub's cache."""
    pin.keep(commit)
    info(f"{path.name}: taken from the hub's cache")
    return Arrived(path, {"repository": pin.repository, "commit": commit})


def from_site(settings: Amazon2023Settings, checksum: download.Checksum, target: Path) -> Arrived:
    """Download the gzipped file from the publisher's site."""
    url = f"{settings.base_url.rstrip('/')}/{checksum.name}.gz"
    part = download.download(url, target, allow_http=settings.allow_http, most_gib=settings.inflated_gib, verified=True)
    return Arrived(part, {"url": url}, gzipped=True)  # verified=True above: gzip marks its end and has a checksum


def publish(arrived: Arrived, checksum: download.Checksum, target: Path, limits: Limits) -> dict[str, Any]:
    """Unpack and verify a file and give it its name; a download that fails is discarded, to be downloaded again."""
    source = arrived.source
    with files.atomic_write(target) as partial:
        if isinstance(source, Path):
            download.link_or_copy(source, partial)
        elif arrived.gzipped:
            unpack(source, partial, limits)
        else:
            source.move(partial)
        if not partial.stat().st_size:
            remedy = "see whether the file moved, or run the same command again later"
            raise SoftrecError(f"{checksum.name} is empty", where=str(arrived.origin), remedy=remedy)
        total = checksum.verify(partial)
        if arrived.stated not in (None, total):
            raise SoftrecError(
                f"{checksum.name} has arrived with sha256 {total}, but the hub states {arrived.stated}",
                where=str(arrived.origin),
                remedy="run the same command again: it is fetched anew",
            )
    file_digests.store_for_all_runs(target, total)  # so that later jobs need not hash Kindle's 7.8 GB again
    return {**arrived.origin, "path": checksum.name, "sha256": total}


def unpack(packed: PartialDownload, target: Path, limits: Limits) -> None:
    """Write the content of a gzip file to `target` and discard the gzip file.

    Raises `SoftrecError` if it is damaged or truncated, or inflates to more than `limits` allow.
    """
    try:
        with gzip.open(packed.path) as stream, target.open("wb") as plain:
            while block := stream.read(1 << 20):
                if plain.tell() + len(block) > limits.inflated_gib * 2**30:
                    raise too_large(packed.path, limits)
                plain.write(block)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SoftrecError(
            f"{packed.url} is not a complete gzip file: {error}",
            where=f"{packed.size():,} bytes arrived",
            remedy="run the same command again; if it stays so, the publisher's file is damaged",
        ) from error
    finally:
        packed.discard()
