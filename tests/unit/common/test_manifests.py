"""Inputs are what their jobs wrote, or what a person put there."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from common import files, manifests
from common.errors import SoftrecError

FACTS = {"settings": {}, "code": {}, "notes": {}}


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    """A file and a folder with their manifest."""
    file, folder = tmp_path / "ranks.parquet", tmp_path / "adapter"
    file.write_bytes(b"ranks" * 100)
    folder.mkdir()
    (folder / "weights").write_bytes(b"weights")
    manifests.write(FACTS, [], [file, folder], 1.0, 0.5)
    return file, folder


def test_what_a_job_wrote_is_taken(made: tuple[Path, Path]) -> None:
    """Also where it was moved with its manifest, and with Snakemake's time stamp in a folder."""
    (made[1] / ".snakemake_timestamp").touch()
    for path in made:
        manifests.require_as_made(path)
        other = path.parent / "moved" / path.name
        other.parent.mkdir(exist_ok=True)
        for part in (path, files.manifest_of(path)):
            part.rename(other.parent / part.name)
        manifests.require_as_made(other)
        assert other.exists()


def flipped(path: Path) -> None:
    """One bit."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    """Half of it."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def joined(path: Path) -> None:
    """A file more in a folder."""
    (path.parent / "more").touch()


@pytest.mark.parametrize(
    ("spoil", "place"), [(flipped, 0), (cut, 0), (flipped, 1), (cut, 1), (joined, 1), (Path.unlink, 1)]
)
def test_another_content_is_refused(made: tuple[Path, Path], spoil: Callable[[Path], None], place: int) -> None:
    """Of a file, or of a file in a folder: what was made by whom, both sums, and two ways out."""
    path = made[place]
    spoil(path / "weights" if path.is_dir() else path)
    with pytest.raises(SoftrecError, match=f"{path.name} is not what .* wrote") as caught:
        manifests.require_as_made(path)
    noted = json.loads(files.manifest_of(path).read_text())["outputs"][str(path)]
    assert all(
        text in str(caught.value) for text in (files.sha256(path), noted, f"remove {path}", "remove its manifest")
    )
    files.manifest_of(path).unlink()
    manifests.require_as_made(path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not JSON"),
        ("[]", "names no outputs"),
        ('{"outputs": {"other": "12"}}', "does not list .*: it lists"),
    ],
)
def test_a_manifest_that_tells_nothing_is_refused(made: tuple[Path, Path], text: str, sentence: str) -> None:
    """Cut short, or of another file."""
    files.manifest_of(made[0]).write_text(text)
    with pytest.raises(SoftrecError, match=sentence.partition(": ")[0]) as caught:
        manifests.require_as_made(made[0])
    # Without its manifest alone, the file would count as somebody's own.
    assert str(caught.value.remedy).endswith(f"remove {made[0]} and let Snakemake make it again")
    # A file of that name beside somebody's own data is no reason to remove the data.
    assert (f"if {made[0]} is your own, rename" in str(caught.value.remedy)) == (text == "[]")


def grown(path: Path) -> None:
    """A byte more."""
    path.write_bytes(path.read_bytes() + b"x")


@pytest.mark.parametrize("change", [grown, Path.unlink, None])
def test_an_input_of_ones_own_that_changes_under_a_job(tmp_path: Path, change: Callable[[Path], None] | None) -> None:
    """What was read nobody can say: the outputs go. A hard link to it is no change."""
    source, output = tmp_path / "ratings", tmp_path / "out"
    source.write_text("1")
    before = manifests.user_inputs([source])
    output.write_text("of what was read")
    if change is None:
        (tmp_path / "link").hardlink_to(source)
        manifests.require_unchanged(before, [output])
        assert output.exists()
        return
    change(source)
    with pytest.raises(SoftrecError, match=f"{source} was changed while this job read it"):
        manifests.require_unchanged(before, [output])
    assert not output.exists()


def test_inputs_that_jobs_wrote_are_held_against_their_manifests_alone(made: tuple[Path, Path]) -> None:
    """Whose content it was is known."""
    assert manifests.user_inputs(list(made)) == {}
