"""What several files of unit tests begin with."""

from collections.abc import Iterator

import pytest
from local_server import Site, serve


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A running server; no proxy stands between it and the test, and the network is allowed."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with serve() as running:
        yield running
