"""Partially downloaded files, and requests for their missing bytes."""

import http.client
import json
import math
import os
import re
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from common import files
from common.errors import SoftrecError
from common.log import Progress, info

BLOCK = 1 << 18
TIMEOUT = 60.0  # seconds without a byte
WINDOW, SLOWEST = 600.0, 1 << 10  # seconds, and the minimum average bytes per second in each such window
TOLD = 10.0  # seconds between two log lines about a file of unknown size


class Redirects(urllib.request.HTTPRedirectHandler):
    """Handler that follows redirects, to https only unless http is allowed."""

    def __init__(self, allow_http: bool) -> None:
        self.allow_http = allow_http

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Make the request for the new address. Raises `SoftrecError` if that address is not allowed."""
        require_https(newurl, self.allow_http, f"{req.full_url} sends there")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def require_https(url: str, allow_http: bool, where: str, key: str = "amazon2023.allow_http") -> None:
    """Raise `SoftrecError` unless the address is https, or http and the configuration key `key` allows it."""
    if not url.startswith(("https://", "http://") if allow_http else "https://"):
        remedy = f"give an https address; a mirror in your own network may be http where {key} is true"
        shown = re.sub(r"//[^/@]*@", "//...@", url)  # hide a password
        raise SoftrecError(f"{shown} is not an https address", where=where, remedy=remedy)


class PartialDownload:
    """A partial download: `.NAME.part` holds the received bytes of `url`, `.NAME.part.json` identifies their source.

    Args:
        url: the address.
        target: path of the final file, whose name is NAME.
        allow_http: whether http addresses are allowed besides https.
        most: maximum size in bytes.
        verified: whether the caller checks completeness by the content.
    """

    def __init__(
        self, url: str, target: Path, allow_http: bool = False, most: float = math.inf, verified: bool = False
    ) -> None:
        require_https(url, allow_http, "the configured address")
        self.url, self.target, self.most, self.verified = url, target, most, verified
        self.opener = urllib.request.build_opener(Redirects(allow_http))
        self.path = target.with_name(f".{target.name}.part")
        self.note = target.with_name(f".{target.name}.part.json")

    def size(self) -> int:
        """Return the number of received bytes."""
        return self.path.stat().st_size if self.path.exists() else 0

    def source(self) -> dict[str, Any]:
        """Return the `validator` and full `size` recorded at the start; empty if none, or for another address."""
        try:
            noted = json.loads(self.note.read_text())
        except (OSError, ValueError, RecursionError):
            return {}
        fits = isinstance(noted, dict) and noted.get("url") == self.url and {"validator", "size"} <= set(noted)
        return noted if fits else {}

    def fetch_rest(self) -> None:
        """Request the missing bytes and append them. Raises `OSError` or `HTTPException` on failure.

        Without a validator, the rest of the same version cannot be requested: the whole file is downloaded again.
        """
        source, have = self.source(), self.size()
        if source and have and have == source["size"]:
            return
        try:
            response = self.opener.open(self.request(source, have), timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            if error.code != 416:  # range not satisfiable
                raise
            self.discard()
            raise ConnectionError("the file on the server has changed since the download began") from error
        with response:
            start, total = extent(response)
            self.require_end(response, total)
            if response.status != 206:
                self.begin(validator(response), total)
            elif start != have or total != source.get("size") or validator(response) not in (None, source["validator"]):
                self.discard()
                raise ConnectionError("the file on the server has changed since the download began")
            self.append(response, total)

    def request(self, source: dict[str, Any], have: int) -> urllib.request.Request:
        """Build a request for all bytes, or for those after the first `have` if `source` has a validator."""
        headers = {"Accept-Encoding": "identity", "User-Agent": "softrec"}
        if have and source.get("validator"):
            headers |= {"Range": f"bytes={have}-", "If-Range": source["validator"]}
        return urllib.request.Request(self.url, headers=headers)

    def begin(self, mark: str | None, total: int | None) -> None:
        """Start from the beginning and record the server's validator and size of the file."""
        self.discard()
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self.note.write_text(json.dumps({"url": self.url, "validator": mark, "size": total}))

    def require_end(self, response: http.client.HTTPResponse, total: int | None) -> None:
        """Raise `SoftrecError` if a complete response could not be distinguished from an interrupted one."""
        if packed := response.headers.get("Content-Encoding", "identity").strip().lower().removeprefix("identity"):
            remedy = "ask another mirror: this one changes what it was asked to send as it is"
            raise SoftrecError(f"the server sends {self.url} with the encoding {packed}", remedy=remedy)
        if total is None and not response.chunked and not self.verified:
            raise SoftrecError(
                f"the server does not announce the size of {self.url}: a truncated file would look complete",
                where="no Content-Length, no chunks",
                remedy="configure its sha256 with checksum: expected, or ask another mirror",
            )

    def append(self, response: http.client.HTTPResponse, total: int | None) -> None:
        """Append the response's bytes and check that all announced ones arrived.

        Raises `ConnectionError` if some are missing, and `SoftrecError`, discarding the file, if it is too large.
        """
        self.require_small(total or 0)
        name, pace = f"download {self.target.name}", SpeedCheck()
        progress = Progress(name, (total or 0) - self.size(), unit="bytes")
        with self.path.open("ab") as stream:
            # `read1` returns the available bytes, while `read` would wait for a full block.
            while block := response.read1(BLOCK):
                stream.write(block)
                self.require_small(stream.tell())
                pace.step(len(block))
                if total is not None:
                    progress.step(len(block))
                elif time.monotonic() - progress.last > TOLD:
                    progress.last = time.monotonic()
                    info(f"{name}  {stream.tell():,} bytes; the server does not announce the size")
        if total is not None and self.size() != total:
            raise ConnectionError(f"the connection broke after {self.size():,} of {total:,} bytes")

    def require_small(self, size: int) -> None:
        """Raise `SoftrecError`, and discard the file, if `size` bytes exceed the maximum."""
        if size > self.most:
            self.discard()
            raise SoftrecError(
                f"{self.url} has more than {self.most / 2**30:g} GiB",
                where=f"{size:,} bytes",
                remedy="raise limits.inflated_gib if that is so, or correct the address",
            )

    def move(self, path: Path) -> None:
        """Move the complete file to `path`, on the same disk, and remove the note."""
        os.replace(self.path, path)
        self.discard()

    def discard(self) -> None:
        """Remove the partial file and its note."""
        files.remove(self.path)
        files.remove(self.note)


class SpeedCheck:
    """Check of a minimum speed: a server that sends a byte now and then would keep a connection open for months."""

    def __init__(self) -> None:
        self.start, self.arrived = time.monotonic(), 0

    def step(self, count: int) -> None:
        """Count `count` bytes. Raises `ConnectionError` if too few arrived in a window of `WINDOW` seconds."""
        self.arrived += count
        spent = time.monotonic() - self.start
        if spent < WINDOW:
            return
        if self.arrived < SLOWEST * spent:
            raise ConnectionError(f"the server sent {self.arrived:,} bytes in {spent:.0f} seconds")
        self.start, self.arrived = time.monotonic(), 0


def extent(response: http.client.HTTPResponse) -> tuple[int, int | None]:
    """Return the response's offset in the file, in bytes, and the file's full size if announced.

    The offset is -1 if a partial response does not state its range.
    """
    if response.status == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        return (int(found[1]), int(found[2])) if found else (-1, None)
    length = response.headers.get("Content-Length")
    return 0, None if length is None else int(length)


def validator(response: http.client.HTTPResponse) -> str | None:
    """Return the identifier of this version of the file: a strong ETag, else the date of its last change."""
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")
