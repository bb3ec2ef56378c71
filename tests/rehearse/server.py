"""A web server on this machine that serves files as the hub does: size, ETag and commit, whole or from a byte on."""

import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

COMMIT = "c" * 40
BLOCK = 1 << 20


class Served(NamedTuple):
    """A file and its sha256."""

    path: Path
    sha256: str


def handler(files: Mapping[str, Served]) -> type[BaseHTTPRequestHandler]:
    """Answers for files of a data set, `.../resolve/REVISION/PATH`, by their PATH."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, with_body: bool) -> None:
            name = self.path.partition("/resolve/")[2].partition("/")[2]
            if name not in files:
                self.send_error(404)
                return
            served, start = files[name], self.first_byte()
            size = served.path.stat().st_size
            self.send_response(206 if start else 200)
            self.send_header("ETag", f'"{served.sha256}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(size - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.end_headers()
            if with_body:
                with served.path.open("rb") as stream:
                    stream.seek(start, os.SEEK_SET)
                    shutil.copyfileobj(stream, self.wfile, BLOCK)

        def first_byte(self) -> int:
            asked = self.headers.get("Range", "")
            return int(asked.removeprefix("bytes=").partition("-")[0] or 0)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serve(files: Mapping[str, Served]) -> Iterator[str]:
    """Serve files by their paths in the publisher's tree; yields the server's address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(files))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
