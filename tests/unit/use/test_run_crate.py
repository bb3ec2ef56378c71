"""A run as an RO-Crate: loaded by rocrate, it has the workflow, sources, results and software of the manifest."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from rocrate.rocrate import ROCrate

from common import files
from common.errors import SoftrecError
from softrec.use.run_crate import CrateFiles, CrateSettings, write_crate

SETTINGS = CrateSettings("demo")
NOVEMBER = 1_795_908_600  # 2026-11-28 23:30 UTC, by `date -ud @1795908600`


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CrateFiles:
    """A finished run of one table and one figure, and a workflow of two files."""
    monkeypatch.chdir(tmp_path)
    names = ["results/demo/table2.csv", "results/demo/figures/figure5.png"]
    texts = {
        **dict.fromkeys(names, "content"),
        "workflow/Snakefile": "rule",
        "workflow/rules/a.smk": "rule",
        "LICENSE": "MIT",
    }
    for name, text in texts.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    manifest = {
        "run": "demo",
        "repository": {"commit": "864dfc0", "changed": False},
        "versions": {"python": "3.11.7", "snakemake": "9.27.1", "torch": ["2.12.0", "2.13.0"]},
        "results": {name: files.sha256(Path(name)) for name in names},
        "sources": {
            "raw/x.inter": {"sha256": "ab" * 32, "made_by": "fetch_wheel_dataset.py", "notes": {"wheel": "w"}},
            "own.csv": {"sha256": "cd" * 32, "made_by": None, "notes": {}},
        },
        "configuration": {"run": "demo", "seeds": [1, 2]},
    }
    place = Path("results/demo/manifest.json")
    place.write_text(json.dumps(manifest))
    os.utime(place, (NOVEMBER, NOVEMBER))
    workflow = [Path("workflow/Snakefile"), Path("workflow/rules/a.smk")]
    return CrateFiles(place, [Path(name) for name in names], workflow, Path("LICENSE"))


def names_of(entities: list[Any]) -> list[str]:
    """The identifiers of several entities, sorted."""
    return sorted(own.id for own in entities)


def test_the_crate_has_what_the_manifest_has(run: CrateFiles) -> None:
    """Read back by rocrate: the run's action goes from configuration and sources to manifest, table and figure."""
    write_crate(Path("crate"), run, SETTINGS)
    crate = ROCrate("crate")
    assert crate.mainEntity.id == "workflow/Snakefile"
    assert crate.mainEntity.type == ["File", "SoftwareSourceCode", "ComputationalWorkflow"]
    assert crate.mainEntity["version"] == "864dfc0"
    action = crate.dereference("#run")
    assert action["instrument"] == crate.mainEntity
    assert names_of(action["object"]) == ["#source-1", "#source-2", "config.json"]
    assert names_of(action["result"]) == ["figures/figure5.png", "manifest.json", "table2.csv"]
    assert {own["name"]: own["sha256"] for own in action["object"] if "source" in own.id} == {
        "own.csv": "cd" * 32,
        "raw/x.inter": "ab" * 32,
    }
    table = crate.dereference("table2.csv")
    assert (table["encodingFormat"], table["contentSize"]) == ("text/csv", "7")
    assert table["sha256"] == files.sha256(Path("crate/table2.csv")) == files.sha256(run.results[0])
    used = {own["name"]: own["softwareVersion"] for own in crate.mainEntity["softwareRequirements"]}
    assert used == {"python": "3.11.7", "snakemake": "9.27.1", "torch": "2.12.0, 2.13.0"}
    assert json.loads(Path("crate/config.json").read_text()) == {"run": "demo", "seeds": [1, 2]}
    assert crate.license.id == "https://spdx.org/licenses/MIT"
    assert crate.root_dataset["datePublished"] == "2026-11-28"
    assert "https://w3id.org/ro/wfrun/workflow/0.5" in names_of(crate.root_dataset["conformsTo"])


def test_every_file_of_the_crate_is_described_and_every_described_file_is_there(run: CrateFiles) -> None:
    """Nothing but the metadata themselves is undescribed."""
    write_crate(Path("crate"), run, SETTINGS)
    held = {str(path.relative_to("crate")) for path in Path("crate").rglob("*") if path.is_file()}
    described = {own.id for own in ROCrate("crate").data_entities}
    assert held - {"ro-crate-metadata.json"} == described


def test_equal_runs_give_equal_crates(run: CrateFiles) -> None:
    """Byte for byte."""
    for name in ("a", "b"):
        write_crate(Path(name), run, SETTINGS)
    assert files.sha256(Path("a")) == files.sha256(Path("b"))


def test_a_result_that_was_changed_or_left_out_is_told(run: CrateFiles) -> None:
    """Before anything is written."""
    with pytest.raises(SoftrecError, match=r"figure5.png, a result in .*manifest.json, is not given"):
        write_crate(Path("crate"), run._replace(results=run.results[:1]), SETTINGS)
    run.results[0].write_text("edited")
    with pytest.raises(SoftrecError, match=r"table2.csv is not the one that .*manifest.json describes"):
        write_crate(Path("crate"), run, SETTINGS)
    run.results[0].write_text("content")
    with pytest.raises(SoftrecError, match="describes the run 'demo', not 'other'"):
        write_crate(Path("crate"), run, CrateSettings("other"))
    assert not Path("crate").exists()
