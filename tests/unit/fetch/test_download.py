"""Downloads that break and go on, checksums, and the switch that forbids the network."""

import errno
import hashlib
import json
import urllib.request
from pathlib import Path

import pytest

from common.errors import SoftrecError
from local_server import Served, Site
from softrec.fetch import download, partial_download

BODY = bytes(range(256)) * 400  # 102,400 bytes
NAMES = [".data.bin.part", ".data.bin.part.json"]


def kept(folder: Path) -> list[str]:
    """Names in `folder`."""
    return sorted(path.name for path in folder.iterdir())


def test_whole_download(site: Site, tmp_path: Path) -> None:
    """One GET without a range brings all bytes; moved, nothing but the file is left."""
    site.files["/a"] = Served(BODY)
    target = tmp_path / "data.bin"
    download.download(site.url + "/a", target, allow_http=True).move(target)
    assert target.read_bytes() == BODY
    assert kept(tmp_path) == ["data.bin"]
    assert site.gets("/a") == [(None, len(BODY))]


def test_empty_file(site: Site, tmp_path: Path) -> None:
    """A file of no bytes is a whole file."""
    site.files["/a"] = Served(b"")
    target = tmp_path / "data.bin"
    download.download(site.url + "/a", target, allow_http=True).move(target)
    assert target.read_bytes() == b""


def test_broken_download_goes_on_in_another_process(site: Site, tmp_path: Path) -> None:
    """Broken after 40,000 bytes: the next call asks for bytes=40000- and gets 102,400 - 40,000 = 62,400 bytes."""
    site.files["/a"] = Served(BODY, {"ETag": '"v1"'}, breaks=[40_000])
    target = tmp_path / "data.bin"
    with pytest.raises(SoftrecError, match=r"broke after 40,000 of 102,400 bytes") as caught:
        download.download(site.url + "/a", target, attempts=1, allow_http=True)
    assert "keeps the 40,000 bytes" in str(caught.value)
    assert kept(tmp_path) == NAMES
    assert (tmp_path / NAMES[0]).read_bytes() == BODY[:40_000]
    download.download(site.url + "/a", target, allow_http=True).move(target)
    assert target.read_bytes() == BODY
    assert site.gets("/a") == [(None, 40_000), ("bytes=40000-", 62_400)]


def test_broken_download_goes_on_in_the_same_call(site: Site, tmp_path: Path) -> None:
    """Two breaks, three attempts: 30,000, then 20,000 more, then the 52,400 that are left."""
    site.files["/a"] = Served(BODY, {"ETag": '"v1"'}, breaks=[30_000, 20_000])
    target = tmp_path / "data.bin"
    download.download(site.url + "/a", target, attempts=3, wait=0, allow_http=True).move(target)
    assert target.read_bytes() == BODY
    assert site.gets("/a") == [(None, 30_000), ("bytes=30000-", 20_000), ("bytes=50000-", 52_400)]


def test_whole_part_is_not_asked_for_again(site: Site, tmp_path: Path) -> None:
    """A process that died between the last byte and the file's name costs no second download."""
    site.files["/a"] = Served(BODY)
    target = tmp_path / "data.bin"
    download.download(site.url + "/a", target, allow_http=True)
    download.download(site.url + "/a", target, allow_http=True).move(target)
    assert target.read_bytes() == BODY
    assert len(site.gets("/a")) == 1


def test_changed_file_is_sent_anew(site: Site, tmp_path: Path) -> None:
    """Half of version 1 and half of version 2 are no file: with another ETag all bytes come again."""
    site.files["/a"] = Served(BODY, {"ETag": '"v1"'}, breaks=[40_000])
    target = tmp_path / "data.bin"
    with pytest.raises(SoftrecError):
        download.download(site.url + "/a", target, attempts=1, allow_http=True)
    site.files["/a"] = Served(BODY[::-1], {"ETag": '"v2"'})
    download.download(site.url + "/a", target, allow_http=True).move(target)
    assert target.read_bytes() == BODY[::-1]


def test_changed_size_without_validator_is_sent_anew(site: Site, tmp_path: Path) -> None:
    """A server without ETag or date still says the full size; another size than the noted one starts over."""
    site.files["/a"] = Served(BODY, breaks=[40_000])
    target = tmp_path / "data.bin"
    with pytest.raises(SoftrecError):
        download.download(site.url + "/a", target, attempts=1, allow_http=True)
    site.files["/a"] = Served(BODY[::-1] + b"more")
    download.download(site.url + "/a", target, wait=0, allow_http=True).move(target)
    assert target.read_bytes() == BODY[::-1] + b"more"


def test_part_of_another_address_is_not_continued(site: Site, tmp_path: Path) -> None:
    """What arrived from one address is never the beginning of another's file."""
    site.files["/a"] = Served(BODY, breaks=[40_000])
    site.files["/b"] = Served(BODY[::-1])
    target = tmp_path / "data.bin"
    with pytest.raises(SoftrecError):
        download.download(site.url + "/a", target, attempts=1, allow_http=True)
    download.download(site.url + "/b", target, allow_http=True).move(target)
    assert target.read_bytes() == BODY[::-1]
    assert site.gets("/b") == [(None, len(BODY))]


def test_refusal_is_not_tried_again(site: Site, tmp_path: Path) -> None:
    """404 is final: one request, the address in the sentence, nothing on the disk."""
    with pytest.raises(SoftrecError, match=r"refuses http://127.0.0.1:\d+/none: 404"):
        download.download(site.url + "/none", tmp_path / "data.bin", wait=0, allow_http=True)
    assert len(site.asked) == 1
    assert kept(tmp_path) == []


def test_busy_server_is_asked_again(site: Site, tmp_path: Path) -> None:
    """503 is temporary: as many requests as attempts."""
    site.files["/a"] = Served(b"", status=503)
    with pytest.raises(SoftrecError, match="the server answers 503"):
        download.download(site.url + "/a", tmp_path / "data.bin", attempts=3, wait=0, allow_http=True)
    assert len(site.gets("/a")) == 3


def test_full_disk(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is no break of the connection: one attempt, one sentence."""

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    site.files["/a"] = Served(BODY)
    monkeypatch.setattr(partial_download.PartialDownload, "append", full)
    with pytest.raises(SoftrecError, match="no space is left"):
        download.download(site.url + "/a", tmp_path / "data.bin", wait=0, allow_http=True)
    assert len(site.gets("/a")) == 1


def test_offline_asks_nothing(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With HF_HUB_OFFLINE the sentence names the switch, and the server hears nothing."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SoftrecError, match=r"HF_HUB_OFFLINE is set, so .*/a cannot be fetched"):
        download.download(site.url + "/a", tmp_path / "data.bin", allow_http=True)
    assert site.asked == []


@pytest.mark.parametrize(("value", "forbids"), [("1", True), ("true", True), ("ON", True), ("0", False), ("", False)])
def test_offline_values(monkeypatch: pytest.MonkeyPatch, value: str, forbids: bool) -> None:
    """The values that huggingface_hub takes for true."""
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    assert download.offline() is forbids


def test_checksum_that_fits(tmp_path: Path) -> None:
    """Either case of the hexadecimal digits is the same sum."""
    (tmp_path / "a").write_bytes(b"abc")
    known = hashlib.sha256(b"abc").hexdigest()
    assert download.Checksum(known.upper(), "expected", "k", "a").verify(tmp_path / "a") == known


def test_checksum_mismatch_names_both_sums_and_the_key(tmp_path: Path) -> None:
    """Both sums, whole, and the key in one message."""
    (tmp_path / "a").write_bytes(b"abc")
    with pytest.raises(SoftrecError) as caught:
        download.Checksum("0" * 64, "expected", "ratings.sha256 of X", "a.csv").verify(tmp_path / "a")
    text = str(caught.value)
    assert hashlib.sha256(b"abc").hexdigest() in text
    assert "0" * 64 in text
    assert "ratings.sha256 of X" in text
    assert "a.csv" in text


def test_checksum_recorded_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Mode record returns the real sum, and says the difference in the log."""
    (tmp_path / "a").write_bytes(b"abc")
    actual = download.Checksum("0" * 64, "record", "k", "a").verify(tmp_path / "a")
    assert actual == hashlib.sha256(b"abc").hexdigest()
    assert "accepts the difference" in capsys.readouterr().err


def test_expected_without_a_sum() -> None:
    """A sum that is demanded but not given fails before anything is fetched."""
    with pytest.raises(SoftrecError, match="no sha256 is configured for a"):
        download.Checksum(None, "expected", "k", "a")


def test_link_or_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link shares the bytes on the disk; where links are refused, a copy has the same ones."""
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "to_a").symlink_to("a")
    download.link_or_copy(tmp_path / "to_a", tmp_path / "linked")
    assert (tmp_path / "linked").stat().st_ino == (tmp_path / "a").stat().st_ino

    def refuse(*args: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(download.os, "link", refuse)
    download.link_or_copy(tmp_path / "to_a", tmp_path / "copied")
    assert (tmp_path / "copied").read_bytes() == b"abc"
    assert (tmp_path / "copied").stat().st_ino != (tmp_path / "a").stat().st_ino


def test_unreadable_note_starts_over(tmp_path: Path) -> None:
    """A note cut off by a crash is no note: what arrived cannot be trusted to belong to it."""
    part = partial_download.PartialDownload("http://x/a", tmp_path / "data.bin", allow_http=True)
    part.begin('"v1"', 3)
    assert part.source()["size"] == 3
    part.note.write_text(json.dumps({"url": "http://x/a"})[:5])
    assert part.source() == {}


@pytest.mark.parametrize(("allowed", "address"), [(False, "http://b/"), (False, "file:///b"), (True, "ftp://b/")])
def test_a_server_sends_nobody_into_the_open(allowed: bool, address: str) -> None:
    """From https to http where that is not allowed, and to what is neither, never."""
    request = urllib.request.Request("https://a/")
    redirects = partial_download.Redirects(allow_http=allowed)
    with pytest.raises(SoftrecError, match=f"{address} is not an https address") as caught:
        redirects.redirect_request(request, None, 302, "Found", {}, address)
    assert "https://a/ sends there" in str(caught.value)
    followed = redirects.redirect_request(request, None, 302, "Found", {}, "https://b/")
    assert followed is not None
    assert followed.full_url == "https://b/"
