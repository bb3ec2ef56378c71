"""Packed raw files: told by their bytes, whole, within their limits, or refused by name."""

import gzip
import random
from pathlib import Path

import pytest

from common.errors import SoftrecError
from review_lines import CSV, INTER, line
from softrec.core.limits import Limits
from softrec.data import text_blocks
from softrec.data.reviews import Format, read_reviews


@pytest.mark.parametrize(("source", "text"), [("reviews", line()), ("ratings", CSV + "u,p,5.0,1500\n")])
def test_gzip_is_told_by_its_bytes(tmp_path: Path, source: Format, text: str) -> None:
    """A gzipped file may be called anything, and a plain file may be called .gz; two members are one file."""
    (tmp_path / "packed").write_bytes(gzip.compress(text.encode()) + gzip.compress(b"\n"))
    (tmp_path / "plain.gz").write_text(text)
    for name in ("packed", "plain.gz"):
        assert read_reviews(tmp_path / name, source).rows() == [("u", "p", 1500)]


@pytest.mark.parametrize(
    ("magic", "words"), [(b"\x28\xb5\x2f\xfd", "packed by zstd"), (b"PK\x03\x04", "packed by zip")]
)
@pytest.mark.parametrize("source", ["reviews", "ratings", "movielens"])
def test_files_of_other_packers_and_folders_are_named(tmp_path: Path, source: Format, magic: bytes, words: str) -> None:
    """Gzip alone is unpacked."""
    (tmp_path / "file").write_bytes(magic + b"1234" * 10)
    with pytest.raises(SoftrecError, match=words):
        read_reviews(tmp_path / "file", source)
    with pytest.raises(SoftrecError, match="is a folder, not a file"):
        read_reviews(tmp_path, source)


@pytest.mark.parametrize(("source", "start"), [("reviews", b""), ("ratings", CSV.encode())])
def test_bombs_and_endless_lines_meet_a_limit(tmp_path: Path, source: Format, start: bytes) -> None:
    """64 MiB of blanks and blank lines from 64 kB, where 32 are allowed; a line of 33 MiB, where 32 are."""
    limits = Limits(line_mib=32, inflated_gib=1 / 32)
    (tmp_path / "bomb").write_bytes(gzip.compress(start + b" " * 99 + b"\n" * (64 << 20), 1))
    with pytest.raises(SoftrecError, match=r"unpacks to more than 0\.03125 GiB") as caught:
        read_reviews(tmp_path / "bomb", source, limits=limits)
    assert "limits.inflated_gib" in str(caught.value)
    if source == "reviews":
        (tmp_path / "line").write_bytes(line().encode() + b'{"a": "' + b"x" * (33 << 20))
        with pytest.raises(SoftrecError, match="line 2: the line has more than 32 MiB") as caught:
            read_reviews(tmp_path / "line", source, limits=limits)
        assert "limits.line_mib" in str(caught.value)


@pytest.mark.parametrize("source", ["reviews", "ratings", "movielens"])
def test_a_gzip_cut_short_is_refused(tmp_path: Path, source: Format) -> None:
    """Half the bytes of 2,000 reviews hold some whole lines, but not all: never a shorter data set in silence."""
    chance = random.Random(0)
    ids = [f"{chance.getrandbits(64):x}" for _ in range(2000)]
    texts = {
        "reviews": "".join(line(user_id=i) for i in ids),
        "ratings": CSV + "".join(f"{i},p,5,1\n" for i in ids),
        "movielens": INTER + "".join(f"{i}\t1\t5\t1\n" for i in ids),
    }
    packed = gzip.compress(texts[source].encode())
    path = tmp_path / "cut.gz"
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(SoftrecError, match="is a damaged gzip file") as caught:
        read_reviews(path, source)
    assert caught.value.where is not None
    read = int(caught.value.where.removeprefix(f"{path}, after line "))
    assert 500 < read < 1900


def test_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    """The checksum at the end of a gzip file is compared."""
    packed = bytearray(gzip.compress((CSV + "u,p,5,1\n").encode()))
    packed[-6] ^= 1
    path = tmp_path / "bad.gz"
    path.write_bytes(packed)
    with pytest.raises(SoftrecError, match="damaged gzip"):
        read_reviews(path, "ratings")


@pytest.mark.parametrize("size", [1, 5, 8, 1000])
def test_blocks_are_whole_lines_with_their_numbers(tmp_path: Path, size: int) -> None:
    """Lines of 2, 4 and 3 bytes (the last without a newline): whatever the block size, no line is torn."""
    path = tmp_path / "file"
    path.write_bytes(b"a\nbbb\nccc")
    found = [
        (first + i, part) for first, text in text_blocks.blocks(path, size) for i, part in enumerate(text.splitlines())
    ]
    assert found == [(1, b"a"), (2, b"bbb"), (3, b"ccc")]
