"""Restrictions on huggingface_hub's network access: https only, with timeouts and a maximum size."""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from common.errors import SoftrecError
from softrec.fetch.partial_download import TIMEOUT, SpeedCheck, require_https

os.environ["HF_HUB_DISABLE_XET"] = "1"  # Xet transfers bypass the checks below; read at the import of huggingface_hub


@contextmanager
def https_alone(allow_http: bool, most_gib: float = 1.0) -> Iterator[None]:
    """Restrict huggingface_hub to https, also after redirects, and limit the time and size of responses.

    Raises `SoftrecError` for another address (for example in HF_ENDPOINT) unless http is allowed, and for a response
    of more than `most_gib`.
    """
    from huggingface_hub.utils import get_session

    session = get_session()
    library = importlib.import_module(type(session).__module__.partition(".")[0])  # httpx, or its successor

    class Metered(library.SyncByteStream):  # type: ignore[name-defined]
        """A response body that raises an error if it is too large or too slow."""

        def __init__(self, inner: Any, url: str) -> None:
            self.inner, self.url = inner, url

        def __iter__(self) -> Iterator[bytes]:
            size, pace = 0, SpeedCheck()
            for block in self.inner:
                size += len(block)
                if size > most_gib * 2**30:
                    remedy = "raise limits.inflated_gib if that is so, or correct the address"
                    raise SoftrecError(f"{self.url} has more than {most_gib:g} GiB", remedy=remedy)
                pace.step(len(block))
                yield block

        def close(self) -> None:
            self.inner.close()

    def check(request: Any) -> None:
        require_https(str(request.url), allow_http, "HF_ENDPOINT, or a redirect of the hub", "llms.NAME.allow_http")

    def meter(response: Any) -> None:
        response.stream = Metered(response.stream, str(response.url).partition("?")[0])

    hooks, patience = session.event_hooks, session.timeout
    asked, answered = hooks.get("request", []), hooks.get("response", [])
    session.event_hooks = {"request": [*asked, check], "response": [meter, *answered]}
    session.timeout = TIMEOUT
    try:
        yield
    finally:
        session.event_hooks, session.timeout = hooks, patience
