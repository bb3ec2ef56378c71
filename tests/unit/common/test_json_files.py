"""JSON files, and places that cannot be written."""

from pathlib import Path

import pytest

from common import files
from common.errors import SoftrecError


def test_json_round_trip_and_what_json_does_not_have(tmp_path: Path) -> None:
    """Text stays readable; NaN is refused and leaves nothing."""
    files.write_json(tmp_path / "x.json", {"title": "Café", "n": [1, None]})
    assert files.read_json(tmp_path / "x.json") == {"title": "Café", "n": [1, None]}
    assert "Café" in (tmp_path / "x.json").read_text()
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "y.json", {"loss": float("nan")})
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"a": 1,\n "b": }', "line 2"),
        (b"", "line 1"),
        (b'{"a": "\xff"}', "is not text: invalid start byte at byte 7"),
    ],
)
def test_json_that_does_not_parse_is_named_with_its_line(tmp_path: Path, content: bytes, sentence: str) -> None:
    """Broken on line 2; empty; and bytes that are no UTF-8."""
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(SoftrecError, match=sentence) as caught:
        files.read_json(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("place", ["file/out", "a" * 300, "file/folder/out"])
def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path, place: str) -> None:
    """A file where a folder should be, and a name that no file system takes."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(SoftrecError, match="cannot be written: ") as caught:
        files.write_json(tmp_path / place, {})
    assert str(tmp_path) in str(caught.value.where)
    assert caught.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
