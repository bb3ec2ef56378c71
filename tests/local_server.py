"""A small web server on 127.0.0.1 for tests: ranges, ETags, connections that break, and a record of what was asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """One file: its bytes, more headers, and after how many bytes the next GETs break (each number serves one GET).

    sized: whether the server says how many bytes there are. heeds: whether it sends all to who asks for the rest of
    another version (If-Range).
    """

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    breaks: list[int] = field(default_factory=list)
    status: int = 200
    sized: bool = True
    heeds: bool = True


@dataclass
class Site:
    """What the server has, by path, and what it was asked: (method, path, Range header, bytes sent)."""

    url: str = ""
    files: dict[str, Served] = field(default_factory=dict)
    asked: list[tuple[str, str, str | None, int]] = field(default_factory=list)

    def gets(self, path: str) -> list[tuple[str | None, int]]:
        """Range header and bytes sent of every GET for `path`, in order."""
        return [(r, sent) for method, asked, r, sent in self.asked if (method, asked) == ("GET", path)]


def handler(site: Site) -> type[BaseHTTPRequestHandler]:
    """The request handler of `site`."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, with_body: bool) -> None:
            path = self.path.split("?")[0]
            served = site.files.get(path, Served(b"", status=404))
            start = self.first_byte(served)
            body = served.body[start:]
            until = served.breaks.pop(0) if with_body and served.breaks else len(body)
            sent = body[:until] if with_body else b""
            site.asked.append((self.command, path, self.headers.get("Range"), len(sent)))
            self.send_response(206 if start else served.status)
            for key, value in served.headers.items():
                self.send_header(key, value)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(served.body) - 1}/{len(served.body)}")
            if served.sized:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(sent)
            self.close_connection = True

        def first_byte(self, served: Served) -> int:
            asked, condition = self.headers.get("Range"), self.headers.get("If-Range")
            changed = served.heeds and condition is not None and condition != served.headers.get("ETag")
            return int(asked.removeprefix("bytes=").rstrip("-")) if asked and not changed else 0

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serve() -> Iterator[Site]:
    """A running site; fill its `files`."""
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(site))
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
