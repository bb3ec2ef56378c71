"""The part of a file that has arrived, and how to ask a server for the rest of it."""

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
from common.log import Progress, say

BLOCK = 1 << 18
TIMEOUT = 60.0  # seconds without a byte
WINDOW, SLOWEST = 600.0, 1 << 10  # seconds, and the bytes a second that a server has to send in each such stretch
TOLD = 10.0  # seconds between two lines about a file of unknown size


class Redirects(urllib.request.HTTPRedirectHandler):
    """Goes where a server sends it, within https unless http is allowed."""

    def __init__(self, allow_http: bool) -> None:
        self.allow_http = allow_http

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """The request for the other address. Raises `SoftrecError` if that would be asked in the open."""
        require_https(newurl, self.allow_http, f"{req.full_url} sends there")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def require_https(url: str, allow_http: bool, where: str, key: str = "amazon2023.allow_http") -> None:
    """Raise `SoftrecError` unless the address is https, or http where a key of the configuration allows that."""
    if not url.startswith(("https://", "http://") if allow_http else "https://"):
        remedy = f"give an https address; a mirror in your own network may be http where {key} is true"
        shown = re.sub(r"//[^/@]*@", "//...@", url)  # a password is nobody's business
        raise SoftrecError(f"{shown} is not an https address", where=where, remedy=remedy)


class PartialDownload:
    """`.NAME.part` holds the bytes of `url` that have arrived, `.NAME.part.json` what identifies their source.

    Args:
        allow_http: whether addresses may be http too. most: bytes that the file may have.
        verified: whether the caller finds out by the bytes themselves that none is missing.
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
        """Bytes that have arrived."""
        return self.path.stat().st_size if self.path.exists() else 0

    def source(self) -> dict[str, Any]:
        """The `validator` and full `size` noted when the part was begun; empty if it is another address's."""
        try:
            noted = json.loads(self.note.read_text())
        except (OSError, ValueError, RecursionError):
            return {}
        fits = isinstance(noted, dict) and noted.get("url") == self.url and {"validator", "size"} <= set(noted)
        return noted if fits else {}

    def fetch_rest(self) -> None:
        """Ask for the missing bytes and append them. Raises `OSError` or `HTTPException` where that breaks.

        Without a validator no server can be asked for the rest of the same version: then all comes anew.
        """
        source, have = self.source(), self.size()
        if source and have and have == source["size"]:
            return
        try:
            response = self.opener.open(self.request(source, have), timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            if error.code != 416:
                raise
            self.discard()
            raise ConnectionError("the server has another file than the one begun") from error
        with response:
            start, total = extent(response)
            self.require_end(response, total)
            if response.status != 206:
                self.begin(validator(response), total)
            elif start != have or total != source.get("size") or validator(response) not in (None, source["validator"]):
                self.discard()
                raise ConnectionError("the server has another file than the one begun")
            self.append(response, total)

    def request(self, source: dict[str, Any], have: int) -> urllib.request.Request:
        """A request for all bytes, or for those after the `have` first if `source` is known to be the same."""
        headers = {"Accept-Encoding": "identity", "User-Agent": "softrec"}
        if have and source.get("validator"):
            headers |= {"Range": f"bytes={have}-", "If-Range": source["validator"]}
        return urllib.request.Request(self.url, headers=headers)

    def begin(self, mark: str | None, total: int | None) -> None:
        """Start anew, noting what the server says about the file."""
        self.discard()
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self.note.write_text(json.dumps({"url": self.url, "validator": mark, "size": total}))

    def require_end(self, response: http.client.HTTPResponse, total: int | None) -> None:
        """Raise `SoftrecError` if the end of what comes could not be told from a connection that breaks."""
        if packed := response.headers.get("Content-Encoding", "identity").strip().lower().removeprefix("identity"):
            remedy = "ask another mirror: this one changes what it was asked to send as it is"
            raise SoftrecError(f"the server sends {self.url} packed by {packed}", remedy=remedy)
        if total is None and not response.chunked and not self.verified:
            raise SoftrecError(
                f"the server does not say how many bytes {self.url} has: one that was cut short would look whole",
                where="no Content-Length, no chunks",
                remedy="configure its sha256 with checksum: expected, or ask another mirror",
            )

    def append(self, response: http.client.HTTPResponse, total: int | None) -> None:
        """Write the response's bytes behind those that are there, and see that all announced ones came.

        Raises `SoftrecError`, and drops what arrived, if the file is larger than it may be.
        """
        self.require_small(total or 0)
        name, pace = f"download {self.target.name}", SpeedCheck()
        progress = Progress(name, (total or 0) - self.size(), unit="bytes")
        with self.path.open("ab") as stream:
            while block := response.read1(BLOCK):  # what is there: `read` waits for all of it, as long as some comes
                stream.write(block)
                self.require_small(stream.tell())
                pace.step(len(block))
                if total is not None:
                    progress.step(len(block))
                elif time.monotonic() - progress.last > TOLD:
                    progress.last = time.monotonic()
                    say(f"{name}  {stream.tell():,} bytes; the server does not say of how many")
        if total is not None and self.size() != total:
            raise ConnectionError(f"the connection broke after {self.size():,} of {total:,} bytes")

    def require_small(self, size: int) -> None:
        """Raise `SoftrecError`, and drop what arrived, if `size` bytes are more than the file may have."""
        if size > self.most:
            self.discard()
            raise SoftrecError(
                f"{self.url} has more than {self.most / 2**30:g} GiB",
                where=f"{size:,} bytes",
                remedy="raise limits.inflated_gib if that is so, or correct the address",
            )

    def move(self, path: Path) -> None:
        """Make the whole part `path`, on the same disk."""
        os.replace(self.path, path)
        self.discard()

    def discard(self) -> None:
        """Remove the part and its note."""
        files.remove(self.path)
        files.remove(self.note)


class SpeedCheck:
    """Sees that bytes come: a server that sends one now and then keeps a connection for months."""

    def __init__(self) -> None:
        self.start, self.arrived = time.monotonic(), 0

    def step(self, count: int) -> None:
        """Note `count` bytes. Raises `ConnectionError` if those of a stretch of `WINDOW` seconds are too few."""
        self.arrived += count
        spent = time.monotonic() - self.start
        if spent < WINDOW:
            return
        if self.arrived < SLOWEST * spent:
            raise ConnectionError(f"the server sent {self.arrived:,} bytes in {spent:.0f} seconds")
        self.start, self.arrived = time.monotonic(), 0


def extent(response: http.client.HTTPResponse) -> tuple[int, int | None]:
    """Where in the file the response starts, in bytes, and the file's full size if the server says it."""
    if response.status == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        return (int(found[1]), int(found[2])) if found else (-1, None)
    length = response.headers.get("Content-Length")
    return 0, None if length is None else int(length)


def validator(response: http.client.HTTPResponse) -> str | None:
    """What tells this version of the file from another: a strong ETag, else the date of its last change."""
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")
