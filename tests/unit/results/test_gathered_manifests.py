"""The manifest of a run: gathered from those of its jobs, hashes as computed, and no git where there is none."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from common import files
from common.errors import SoftrecError
from softrec.results import run_manifest
from softrec.results.run_manifest import ManifestSettings

TORCH, CLEAN = {"python": "3.11.9", "torch": "2.13.0", "numpy": "2.4.6"}, {"python": "3.11.9", "numpy": "2.4.6"}
A800 = {"system": "Linux-5", "cores": 64, "gpus": ["NVIDIA A800"] * 4}
CPU = {"system": "Linux-6", "cores": 2}
SETTINGS = ManifestSettings({"seeds": [1], "run": "demo"}, ["llm"], "9.27.1")


def made(script: str, output: str, inputs: list[str], **more: Any) -> None:
    """A file and the manifest that its job would write beside it."""
    Path(output).write_text(f"{output} by {script}")
    described = {"versions": CLEAN, "hardware": CPU, "ranks": 1, "notes": {}, **more}
    hashes = {name: files.sha256(Path(name)) for name in (output, *inputs)}
    outputs = {output: hashes.pop(output)}
    files.write_json(
        files.manifest_of(Path(output)), {"script": script, "inputs": hashes, "outputs": outputs, **described}
    )


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Raw (fetched) and own (the user's) -> data; llm (fetched at a commit) and data -> two adapters -> table."""
    monkeypatch.chdir(tmp_path)
    Path("own").write_text("own")
    made("fetch.py", "raw", [], notes={"ratings": {"commit": "c0ffee"}})
    made("fetch_hub_llm.py", "llm", [], notes={"commit": "abc123"})
    made("filter.py", "data", ["raw", "own"])
    gpus = {"versions": TORCH, "hardware": A800, "ranks": 4, "settings": {"strategy": "sft"}}
    made("tune_llm.py", "adapter1", ["llm", "data"], **gpus)
    made("tune_llm.py", "adapter2", ["llm", "data"], **{**gpus, "versions": {**TORCH, "torch": "2.12.1"}})
    made("fit_sequential.py", "sasrec", ["data"], versions=TORCH, settings={"method": "sasrec"})
    made("make_table2.py", "table", ["adapter1", "adapter2", "sasrec"])
    made("tune_llm.py", "elsewhere", ["llm"], **gpus)
    return tmp_path


def sha(name: str) -> str:
    """sha256 of a file, by itself."""
    return hashlib.sha256(Path(name).read_bytes()).hexdigest()


def test_jobs_say_with_what_and_on_what(chain: Path) -> None:
    """Seven jobs lead to the table; the adapter elsewhere is no ancestor.

    Where jobs had different versions, all are told. Two tunings had four GPUs in four ranks, SASRec none; a job without
    torch says nothing of GPUs.
    """
    found = run_manifest.run_manifest(SETTINGS, [Path("table")])
    assert found["jobs"] == 7
    expected = {"snakemake": "9.27.1", "python": "3.11.9", "torch": ["2.12.1", "2.13.0"], "numpy": "2.4.6"}
    assert found["versions"] == expected
    assert found["hardware"] == {"fit_sasrec": {"CPU": 1}, "tune_sft": {"4 x NVIDIA A800 in 4 ranks": 2}}
    assert found["systems"] == ["Linux-5", "Linux-6"]


def test_sources_are_told_with_their_commits(chain: Path) -> None:
    """What was fetched, with what the fetching jobs noted, and the user's own file, which no job made."""
    found = run_manifest.run_manifest(SETTINGS, [Path("table")])["sources"]
    assert found == {
        "llm": {"sha256": sha("llm"), "made_by": "fetch_hub_llm.py", "notes": {"commit": "abc123"}},
        "own": {"sha256": sha("own"), "made_by": None, "notes": {}},
        "raw": {"sha256": sha("raw"), "made_by": "fetch.py", "notes": {"ratings": {"commit": "c0ffee"}}},
    }


def test_a_base_model_that_is_made_here_is_a_source_too(chain: Path) -> None:
    """The demo's is pre-trained on the catalogue: it has inputs, and the settings name it."""
    made("pretrain_tiny_llm.py", "llm", ["data"], versions=TORCH)
    made("tune_sft.py", "adapter1", ["llm", "data"], versions=TORCH)
    made("make_table2.py", "table", ["adapter1"])
    found = run_manifest.run_manifest(SETTINGS, [Path("table")])
    assert found["sources"]["llm"] == {"sha256": sha("llm"), "made_by": "pretrain_tiny_llm.py", "notes": {}}
    assert set(found["hardware"]) == {"pretrain_tiny_llm", "tune_sft"}


def test_files_and_configuration_are_hashed(chain: Path) -> None:
    """The sha256 of the table's bytes, and of the configuration as sorted JSON, whatever the order of its keys."""
    found = run_manifest.run_manifest(SETTINGS, [Path("table")])
    assert found["results"] == {"table": sha("table")}
    text = json.dumps({"run": "demo", "seeds": [1]})
    assert found["configuration_sha256"] == hashlib.sha256(text.encode()).hexdigest()


def test_nothing_is_told_of_files_that_were_not_what_their_jobs_wrote(chain: Path) -> None:
    """A table edited by hand is not of the jobs that its manifest tells of.

    Nor is a table of an adapter that was made again after it, with another content.
    """
    Path("table").write_text("0.99")
    with pytest.raises(SoftrecError, match=f"table was made from table.*\n.*{sha('table')}"):
        run_manifest.run_manifest(SETTINGS, [Path("table")])
    made("make_table2.py", "table", ["adapter1", "sasrec"])
    later = files.read_json(Path("adapter1.manifest.json"))
    files.write_json(Path("adapter1.manifest.json"), {**later, "outputs": {"adapter1": "0" * 64}})
    with pytest.raises(SoftrecError, match="table was made from adapter1, whose content has changed since") as caught:
        run_manifest.run_manifest(SETTINGS, [Path("table")])
    assert all(text in str(caught.value) for text in ("0" * 64, sha("adapter1"), "remove table"))


def test_an_old_manifest_still_tells_where_a_result_came_from(chain: Path) -> None:
    """A job that is run again and fails loses its output, not its manifest.

    What was made from the output before is as it was, and so is its story: nothing but manifests is read.
    """
    before = run_manifest.run_manifest(SETTINGS, [Path("table")])
    for name in ("adapter1", "data", "llm", "raw"):
        Path(name).unlink()
    assert run_manifest.run_manifest(SETTINGS, [Path("table")]) == before


def test_without_git_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither clean nor changed: nobody can say."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert run_manifest.commit() == {"commit": None, "changed": None}


def test_a_file_of_ones_own_with_two_contents_is_refused(chain: Path) -> None:
    """`own` was overwritten, and one of two jobs that read it ran again: no table may rest on both."""
    before = sha("own")
    Path("own").write_text("another")
    made("fit_dros.py", "dros", ["own"])
    made("make_table2.py", "table", ["sasrec", "dros"])
    with pytest.raises(SoftrecError, match="own has changed between two jobs of this run") as caught:
        run_manifest.run_manifest(SETTINGS, [Path("table")])
    told = str(caught.value.where)
    assert all(part in told for part in ("data", before, "dros", sha("own")))
