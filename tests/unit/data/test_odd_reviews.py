"""Files of reviews that are odd as a whole: packed within, of other line ends, with times that are none."""

import gzip
import os
import random
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from common.errors import SoftrecError
from review_lines import line
from softrec.core.limits import Limits
from softrec.data.reviews import read_reviews


def test_a_time_that_nobody_knows_among_dates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0, days since 1970 and a date in digits, in seconds: they become negative, which the filter drops and counts."""
    path = tmp_path / "file"
    times = [1_500_000_000, 1_500_000_001, 1_500_000_002, 1_500_000_003, 1_500_000_004, 0, 18262, 20200131]
    path.write_text("".join(line(timestamp=time) for time in times))
    found = read_reviews(path, "reviews")["timestamp"].to_list()
    assert found[:5] == [1000 * time for time in times[:5]]
    assert all(time < 0 for time in found[5:])
    assert "3 times before 1979 count as unknown" in capsys.readouterr().err


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    """It could be read once; the filter looks at a file before it reads it."""
    os.mkfifo(tmp_path / "file")
    with pytest.raises(SoftrecError, match="is a pipe or a device"):
        read_reviews(tmp_path / "file", "reviews")


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_text_that_is_packed_within(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """The fast parser would unpack it, whatever its size, and drop what follows."""
    text = 1000 * line(timestamp=1_500_000_000_000).encode()
    (tmp_path / "file").write_bytes(gzip.compress(pack(text)))
    with pytest.raises(SoftrecError, match="is packed text"):
        read_reviews(tmp_path / "file", "reviews")


def test_zlib_before_lines(tmp_path: Path) -> None:
    """Which is no gzip, and would be read without the lines behind it."""
    (tmp_path / "file").write_bytes(zlib.compress(1000 * line().encode()) + b"\n" + line().encode())
    with pytest.raises(SoftrecError, match="is packed text"):
        read_reviews(tmp_path / "file", "reviews")


def test_quotes_in_a_column_beside_ours(tmp_path: Path) -> None:
    """A text with a line break whose pieces have as many fields as a line: one review, and refused, not three."""
    path = tmp_path / "file"
    path.write_text('user_id,parent_asin,timestamp,text\nU1,A1,1,"a\nU7,A2,2,b"\n')
    with pytest.raises(SoftrecError, match="line 2: the line has a quote that is not closed"):
        read_reviews(path, "ratings")
    path.write_text('user_id,parent_asin,timestamp,text\nU1,A1,1,5" disc\nU2,A2,2,"c, d"\n')
    with pytest.raises(SoftrecError, match="line 2: the line has a quote within a field"):
        read_reviews(path, "ratings")
    path.write_text('user_id,parent_asin,timestamp,text\nU1,A1,1,"5"" disc"\nU2,A2,2,"c, d"\n')
    assert read_reviews(path, "ratings").rows() == [("U1", "A1", 1), ("U2", "A2", 2)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"user_id,parent_asin,timestamp\rU1,A1,1\r", "ends its lines with carriage returns only"),
        ("user_id,parent_asin,timestamp\nU1,A1,1\n".encode("utf-16"), "it may be UTF-16"),
        (b"x" * 3_000_000, "has no column user_id"),
    ],
)
def test_a_file_whose_first_line_is_no_header(tmp_path: Path, content: bytes, said: str) -> None:
    """In a few words, however long that line is."""
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(SoftrecError, match=said) as caught:
        read_reviews(tmp_path / "file", "ratings")
    assert len(str(caught.value)) < 1000


def test_a_packed_file_is_measured_wherever_it_could_be_too_large(tmp_path: Path) -> None:
    """17 MiB of random ids, then lines that pack a hundredfold: the start tells nothing."""
    rng = random.Random(1)
    start = "".join(f"{rng.getrandbits(128):032x},{rng.getrandbits(128):032x},1\n" for _ in range(250_000))
    text = f"user_id,parent_asin,timestamp\n{start}" + "U1,A1,1\n" * 2_000_000
    (tmp_path / "file").write_bytes(gzip.compress(text.encode(), 1))
    with pytest.raises(SoftrecError, match="inflated_gib"):
        read_reviews(tmp_path / "file", "ratings", limits=Limits(line_mib=1, inflated_gib=0.02))
