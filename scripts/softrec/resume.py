"""The part of a file that has arrived, and how to ask a server for the rest of it."""

import http.client
import json
import os
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from softrec import files
from softrec.errors import SoftrecError
from softrec.log import Progress

BLOCK = 1 << 18
TIMEOUT = 60.0  # seconds without a byte


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


def require_https(url: str, allow_http: bool, where: str) -> None:
    """Raise `SoftrecError` unless the address is https, or http where that is allowed."""
    if not url.startswith(("https://", "http://") if allow_http else "https://"):
        remedy = "give an https address; a mirror in your own network may be http where amazon2023.allow_http is true"
        raise SoftrecError(f"{url} is not an https address", where=where, remedy=remedy)


class Part:
    """`.NAME.part` holds the bytes of `url` that have arrived, `.NAME.part.json` what identifies their source.

    Args:
        allow_http: whether addresses may be http too.
    """

    def __init__(self, url: str, target: Path, allow_http: bool = False) -> None:
        require_https(url, allow_http, "the configured address")
        self.url, self.target = url, target
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
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return noted if noted.get("url") == self.url else {}

    def fetch_rest(self) -> None:
        """Ask for the missing bytes and append them. Raises `OSError` or `HTTPException` where that breaks."""
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
            if response.status != 206:
                self.begin(validator(response), total)
            elif start != have or total != source.get("size"):
                self.discard()
                raise ConnectionError("the server has another file than the one begun")
            self.append(response, total)

    def request(self, source: dict[str, Any], have: int) -> urllib.request.Request:
        """A request for all bytes, or for those after the `have` first if `source` is known to be the same."""
        headers = {"Accept-Encoding": "identity", "User-Agent": "softrec"}
        if source and have:
            headers["Range"] = f"bytes={have}-"
            if source["validator"]:
                headers["If-Range"] = source["validator"]
        return urllib.request.Request(self.url, headers=headers)

    def begin(self, mark: str | None, total: int | None) -> None:
        """Start anew, noting what the server says about the file."""
        self.discard()
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self.note.write_text(json.dumps({"url": self.url, "validator": mark, "size": total}))

    def append(self, response: http.client.HTTPResponse, total: int | None) -> None:
        """Write the response's bytes behind those that are there, and see that all announced ones came."""
        progress = Progress(f"download {self.target.name}", (total or 0) - self.size(), unit="bytes")
        with self.path.open("ab") as stream:
            while block := response.read(BLOCK):
                stream.write(block)
                if total is not None:
                    progress.step(len(block))
        if total is not None and self.size() != total:
            raise ConnectionError(f"the connection broke after {self.size():,} of {total:,} bytes")

    def move(self, path: Path) -> None:
        """Make the whole part `path`, on the same disk."""
        os.replace(self.path, path)
        self.discard()

    def discard(self) -> None:
        """Remove the part and its note."""
        files.remove(self.path)
        files.remove(self.note)


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
