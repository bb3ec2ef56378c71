"""Downloads that could be put together from two versions of a file, or end too early without anybody noticing."""

from pathlib import Path

import pytest

from common.errors import SoftrecError
from local_server import Served, Site
from softrec.fetch import download

OLD, NEW = b"a" * 1000, b"b" * 1000


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"weak"'}])
def test_without_a_validator_all_comes_anew(site: Site, tmp_path: Path, headers: dict[str, str]) -> None:
    """400 bytes of the old version have come; the server has another, and cannot be asked for the rest of the old."""
    target = tmp_path / "data.bin"
    site.files["/a"] = Served(OLD, headers, breaks=[400])
    with pytest.raises(SoftrecError, match="broke after 400 of 1,000 bytes"):
        download.download(site.url + "/a", target, attempts=1, allow_http=True)
    site.files["/a"] = Served(NEW, headers)
    download.download(site.url + "/a", target, allow_http=True).move(target)
    assert target.read_bytes() == NEW
    assert site.gets("/a") == [(None, 400), (None, 1000)]


def test_a_server_that_sends_the_rest_of_another_version(site: Site, tmp_path: Path) -> None:
    """It ignores If-Range, and the new version is as long: its own ETag tells, and all comes anew."""
    target = tmp_path / "data.bin"
    site.files["/a"] = Served(OLD, {"ETag": '"v1"'}, breaks=[400])
    with pytest.raises(SoftrecError, match="broke after 400 of 1,000 bytes"):
        download.download(site.url + "/a", target, attempts=1, allow_http=True)
    site.files["/a"] = Served(NEW, {"ETag": '"v2"'}, heeds=False)
    download.download(site.url + "/a", target, wait=0, allow_http=True).move(target)
    assert target.read_bytes() == NEW
    assert site.gets("/a") == [(None, 400), ("bytes=400-", 600), (None, 1000)]


def test_a_file_whose_end_nobody_tells(site: Site, tmp_path: Path) -> None:
    """A connection that breaks is like one that ends."""
    site.files["/a"] = Served(OLD, sized=False, breaks=[400])
    with pytest.raises(SoftrecError, match="does not announce the size") as caught:
        download.download(site.url + "/a", tmp_path / "data.bin", allow_http=True)
    assert "sha256" in str(caught.value.remedy)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_a_server_packs_on_the_way(site: Site, tmp_path: Path) -> None:
    """It was asked not to; what arrives would be another file."""
    site.files["/a"] = Served(OLD, {"Content-Encoding": "gzip"})
    with pytest.raises(SoftrecError, match="with the encoding gzip"):
        download.download(site.url + "/a", tmp_path / "data.bin", allow_http=True)
