"""Numbers that YAML reads otherwise than people write them."""

from pathlib import Path

import pytest
import yaml

from lib.config import yaml_keys


@pytest.mark.parametrize(
    ("text", "read"), [("010", 8), ("-017", -15), ("0_7", 7), ("1:30", 90), ("1:30.5", 90.5), ("12:00:00", 43200)]
)
def test_bases_of_8_and_60_are_told(tmp_path: Path, text: str, read: float) -> None:
    """By place, as written, and as it would be read, which is what YAML's loader says."""
    path = tmp_path / "config.yaml"
    path.write_text(f"a:\n  - b: {text}\n")
    assert yaml.safe_load(path.read_text()) == {"a": [{"b": read}]}
    assert yaml_keys.problems(path) == [
        f"a[0].b is {text} in line 2, which YAML reads as {read}: write that, or quotes around it"
    ]


@pytest.mark.parametrize("text", ["0", "-0", "0.5", "10", "1_000", "0x1f", "'010'", '"1:30"', "08", "1e3", "1.0e-5"])
def test_others_are_not(tmp_path: Path, text: str) -> None:
    """What is text to YAML (08, 1e3) is for the schema to judge; a hexadecimal number looks like what it is."""
    path = tmp_path / "config.yaml"
    path.write_text(f"a: {text}\n")
    assert yaml_keys.problems(path) == []
