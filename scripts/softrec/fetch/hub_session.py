"""How huggingface_hub asks the network: https alone, with an end to its patience and to what it takes."""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from common.errors import SoftrecError
from softrec.fetch.partial_download import TIMEOUT, SpeedCheck, require_https

os.environ["HF_HUB_DISABLE_XET"] = "1"  # whose transfers heed neither https nor time limits; read by the hub's import


@contextmanager
def https_alone(allow_http: bool, most_gib: float = 1.0) -> Iterator[None]:
    """Let huggingface_hub ask https alone, wherever a server sends it, and wait for no answer for ever.

    Raises `SoftrecError` for another address, such as that of HF_ENDPOINT, unless http is allowed, and for an answer of
    more than `most_gib`.
    """
    from huggingface_hub.utils import get_session

    session = get_session()
    library = importlib.import_module(type(session).__module__.partition(".")[0])  # httpx, or its successor

    class Metered(library.SyncByteStream):  # type: ignore[name-defined]
        """An answer that ends with an error if it is too long, or too slow."""

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
        require_https(str(request.url), allow_http, "HF_ENDPOINT, or where the hub sends", "llms.NAME.allow_http")

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
