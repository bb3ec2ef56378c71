"""What has changed between a manifest and the command that would make its file now."""

import json
from pathlib import Path

import pytest

from common import files
from lib.records import changes


def test_an_input_counts_by_content_unless_snakemake_went_by_its_time(tmp_path: Path) -> None:
    """The file is newer than time 0; its digest is the manifest's. Only a reason that names it makes it a cause."""
    file = tmp_path / "big.bin"
    file.write_text("a")
    manifest = {"inputs": {str(file): files.sha256(file), "gone.txt": "0"}}
    gone = ("gone.txt", "input gone.txt is gone")
    assert list(changes.inputs(manifest, 0, "Code has changed")) == [gone]
    again = (str(file), f"input {file} was written again, with the same content")
    assert list(changes.inputs(manifest, 0, f"Updated input files: {file}")) == [again, gone]
    file.write_text("b")
    assert list(changes.inputs(manifest, 0, "")) == [(str(file), f"input {file} changed"), gone]


def test_settings_are_compared_leaf_by_leaf() -> None:
    """a.b changed, a.c went; a list of numbers is one value."""
    old = {"a": {"b": 1, "c": 2}, "f": [1, 2]}
    new = {"a": {"b": 3}, "f": [1, 2]}
    assert list(changes.settings(old, new)) == ["setting a.b changed from 1 to 3", "setting a.c is gone (it was 2)"]
    assert list(changes.settings({"f": [1, 2]}, {"f": [2]})) == ["setting f changed from [1, 2] to [2]"]


def test_entries_of_a_list_are_compared_by_what_they_say() -> None:
    """A new seed puts runs between the old ones: what was gained is told, not every position that another run has."""
    old = [{"method": "SFT", "seed": 1}, {"method": "SASRec", "seed": 1}]
    new = [{"method": "SFT", "seed": 1}, {"method": "SFT", "seed": 2}, *old[1:], {"method": "SASRec", "seed": 2}]
    assert list(changes.settings({"cells": old}, {"cells": new})) == [
        'setting cells gained 2 entries, such as {"method": "SFT", "seed": 2}'
    ]
    assert list(changes.settings({"cells": old}, {"cells": [{"method": "SFT", "seed": 3}, old[1]]})) == [
        'setting cells gained one entry: {"method": "SFT", "seed": 3}',
        'setting cells lost one entry: {"method": "SFT", "seed": 1}',
    ]
    other = ["setting cells has its entries in another order"]
    assert list(changes.settings({"cells": old}, {"cells": old[::-1]})) == other
    assert list(changes.settings({"cells": []}, {"cells": old[:1]})) == [
        'setting cells changed from [] to [{"method": "SFT", "seed": 1}]'
    ]


@pytest.mark.parametrize(("count", "said"), [(6, "1 more setting changed"), (8, "3 more settings changed")])
def test_many_settings_are_counted(count: int, said: str) -> None:
    """Five are told, the others counted; modules are all named."""
    manifest = {"settings": {f"k{i}": 0 for i in range(count)}, "code": {"m": "1", "n": "1"}}
    settings = json.dumps({f"k{i}": 1 for i in range(count)})
    clauses = list(changes.between(manifest, f"python x.py --settings '{settings}' \\\n --code '{{\"m\": \"2\"}}'"))
    assert clauses[4:] == [
        "setting k4 changed from 0 to 1",
        said,
        "module m changed",
        "module n is no longer imported",
    ]
