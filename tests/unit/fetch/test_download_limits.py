"""Downloads that are too large, of unknown size, next to nothing at a time, or begun by a note of something else."""

from pathlib import Path

import pytest

from common.errors import SoftrecError
from local_server import Served, Site
from softrec.fetch import download, partial_download

BODY = bytes(range(256)) * 400  # 102,400 bytes


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_that_is_too_large_is_dropped(site: Site, tmp_path: Path, announced: bool) -> None:
    """102,400 bytes where 100,000 are allowed, said before the first byte or found after the last."""
    site.files["/a"] = Served(BODY, sized=announced)
    with pytest.raises(SoftrecError, match=r"/a has more than .* GiB\n.*\n.*limits\.inflated_gib"):
        download.download(
            site.url + "/a", tmp_path / "data.bin", allow_http=True, most_gib=100_000 / 2**30, verified=True
        )
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_unknown_size(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its end is where the connection ends; how much has come is said."""
    monkeypatch.setattr(partial_download, "TOLD", 0.0)
    site.files["/a"] = Served(BODY, sized=False)
    target = tmp_path / "data.bin"
    download.download(site.url + "/a", target, allow_http=True, verified=True).move(target)
    assert target.read_bytes() == BODY
    assert "download data.bin  102,400 bytes; the server does not announce the size" in capsys.readouterr().err


def test_a_server_that_sends_next_to_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """In 600 s 600 KiB are enough, a byte less is not; then the next stretch is measured."""
    now = [0.0]
    monkeypatch.setattr(partial_download.time, "monotonic", lambda: now[0])
    pace = partial_download.SpeedCheck()
    now[0] = 300.0
    pace.step(1)
    now[0] = 600.0
    pace.step(600 * 1024 - 1)
    now[0] = 1200.0
    with pytest.raises(ConnectionError, match="sent 614,399 bytes in 600 seconds"):
        pace.step(600 * 1024 - 1)


@pytest.mark.parametrize("text", ["[]", "3", '{"url": "http://x/a"}', "\xff", "[" * 100_000])
def test_a_note_of_something_else_is_none(tmp_path: Path, text: str) -> None:
    """Whatever stands in it, the file is fetched from its beginning."""
    part = partial_download.PartialDownload("http://x/a", tmp_path / "data.bin", allow_http=True)
    part.note.write_text(text, encoding="latin-1")
    assert part.source() == {}
