"""Exports: names of base models, licences, and what is refused."""

import json
from pathlib import Path

import pytest

from common.errors import SoftrecError
from softrec.use import export_facts, exported, run_files
from softrec.use.exported import Base
from softrec.use.licences import Licence


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """The files of LLaRA's adapter, without their content."""
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text('{"task_type": "CAUSAL_LM", "base_model_name_or_path": null}')
    (folder / "adapter_model.safetensors").write_bytes(b"lora")
    (folder / "history.safetensors").write_bytes(b"projector")
    (folder / ".snakemake_timestamp").touch()
    return folder


def test_llara_has_no_file_that_peft_takes_for_weights(adapter: Path, tmp_path: Path) -> None:
    """And a task that PEFT refuses; `as_adapter` gives back the adapter's files, with a task that PEFT knows."""
    out = tmp_path / "out"
    out.mkdir()
    exported.write_weights(adapter, out, Base("owner/name", "abc", "0"), "llara")
    assert sorted(path.name for path in out.iterdir()) == [
        "adapter_config.json",
        "history.safetensors",
        "llara_lora.safetensors",
    ]
    config = json.loads((out / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == ("owner/name", "abc")
    assert "projector and item embeddings" in config["task_type"]
    with exported.as_adapter(out) as own:
        assert json.loads((own / "adapter_config.json").read_text())["task_type"] == "CAUSAL_LM"
        assert (own / "adapter_model.safetensors").read_bytes() == b"lora"
        assert (own / "history.safetensors").read_bytes() == b"projector"
    with exported.as_adapter(adapter) as own:
        assert own == adapter


def test_an_adapter_of_another_backbone_is_refused(adapter: Path, tmp_path: Path) -> None:
    """BIGRec's has no projector; without this, LLaRA's would be exported as a plain one."""
    with pytest.raises(
        SoftrecError, match=r"holds adapter_config.json, .*history.safetensors, which is not an adapter of bigrec"
    ):
        exported.write_weights(adapter, tmp_path, Base("owner/name", "abc", "0"), "bigrec")


def test_a_half_copied_export_of_llara_is_refused(tmp_path: Path) -> None:
    """Its projector is missing."""
    (tmp_path / "llara_lora.safetensors").touch()
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(SoftrecError, match=r"has no history.safetensors"), exported.as_adapter(tmp_path):
        pass


def test_a_model_of_the_hub_is_named_by_its_commit_and_another_by_its_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit that the download noted, not the branch. A relative path could be taken for a repository."""
    monkeypatch.chdir(tmp_path)
    Path("llms/tiny").mkdir(parents=True)
    Path("llms/tiny/config.json").write_text("{}")
    Path("llms/tiny.manifest.json").write_text('{"notes": {"commit": "13afe5"}}')
    hub, folder = (export_facts.base_of(Path("llms/tiny"), name) for name in ("owner/tiny", None))
    assert (hub.name, hub.revision) == ("owner/tiny", "13afe5")
    assert (folder.name, folder.revision) == (str(tmp_path / "llms/tiny"), None)
    assert hub.sha256 == folder.sha256
    Path("llms/tiny.manifest.json").write_text('{"notes": {}}')
    with pytest.raises(SoftrecError, match=r"has no key notes.commit"):
        export_facts.base_of(Path("llms/tiny"), "owner/tiny")


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "unknown: the base model's files do not name one. Ask its publisher."),
        ({"README.md": "# A model\nlicense: mit\n"}, "unknown: "),
        ({"README.md": "---\ntags: [x]\nlicense: apache-2.0\n---\n"}, "apache-2.0, as its model card says; the base"),
        ({"LICENSE.txt": "\n  LLAMA 3.2 COMMUNITY LICENSE\n\n"}, "which begins: LLAMA 3.2 COMMUNITY LICENSE"),
        (
            {"LICENSE": "x", "README.md": "---\nlicense: llama3.2\n---\n"},
            "llama3.2, as its model card says; its text is in `LI",
        ),
    ],
)
def test_a_licence_is_what_the_files_say(tmp_path: Path, files: dict[str, str], sentence: str) -> None:
    """Only the header of a model card counts."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert sentence in Licence(tmp_path).sentence()


def test_a_run_that_is_not_finished_is_not_exported(tmp_path: Path) -> None:
    """Its configuration is in the manifest, which is written last."""
    dataset = tmp_path / "results/demo/ml100k"
    with pytest.raises(SoftrecError, match=r"the run .*demo is not finished: it has no manifest.json"):
        run_files.export_settings(dataset, dataset / "bigrec/sft/seed=1/adapter", [5])
