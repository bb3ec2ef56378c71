"""A language model from the hub: the cache, the gate, and what the hub may answer instead."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import errors

from common.errors import SoftrecError
from local_server import Served, Site
from run_script import SCRIPTS, run_script
from softrec.fetch import hub, model_type
from softrec.fetch.hub_session import https_alone

SETTINGS = {"repository": "lab/llm", "revision": "main", "inflated_gib": 1}
COMMIT = "d" * 40
FILES = ("config.json", "model.safetensors", "tokenizer.json", "original/consolidated.safetensors", "notes.txt")


def fill_cache(home: Path, names: tuple[str, ...] = FILES) -> None:
    """Put a model into the hub's cache, laid out as huggingface_hub does."""
    cache = home / "hub" / "models--lab--llm"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text(COMMIT)
    for name in names:
        file = cache / "snapshots" / COMMIT / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)


def test_offline_takes_the_cache(tmp_path: Path) -> None:
    """Top-level files of the cached snapshot are the folder, and the branch's commit is noted."""
    fill_cache(tmp_path / "hf")
    env = {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    done = run_script("fetch_hub_llm.py", SETTINGS, {"--llm": tmp_path / "llm"}, env)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "llm" / "model.safetensors").read_text() == "model.safetensors"
    assert not (tmp_path / "llm" / "original").exists()
    assert json.loads((tmp_path / "llm.manifest.json").read_text())["notes"] == {"commit": COMMIT}


def test_offline_without_a_cache(tmp_path: Path) -> None:
    """The switch and the model are named, and no folder is left."""
    env = {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    done = run_script("fetch_hub_llm.py", SETTINGS, {"--llm": tmp_path / "llm"}, env)
    assert done.returncode == 1
    assert "HF_HUB_OFFLINE is set, and the hub's cache on this machine does not have lab/llm@main" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "llm").exists()


def test_gated_repository_as_the_hub_answers(site: Site, tmp_path: Path) -> None:
    """403 with the hub's code for a gate: the licence's page and both ways to give a token."""
    headers = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to model lab/llm is restricted."}
    site.files["/api/models/lab/llm/revision/main"] = Served(b"", headers, status=403)
    env = {"HF_ENDPOINT": site.url, "HF_HOME": str(tmp_path / "hf")}
    done = run_script("fetch_hub_llm.py", {**SETTINGS, "allow_http": True}, {"--llm": tmp_path / "llm"}, env)
    assert done.returncode == 1
    assert "lab/llm is gated" in done.stderr
    assert "accept the licence at https://huggingface.co/lab/llm, then `hf auth login` or set HF_TOKEN" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "llm").exists()


def test_hub_out_of_reach(tmp_path: Path) -> None:
    """Nobody listens at the address: that is said, with the model's name."""
    env = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "hf")}
    done = run_script("fetch_hub_llm.py", {**SETTINGS, "allow_http": True}, {"--llm": tmp_path / "llm"}, env)
    assert done.returncode == 1
    assert "the hub could not be reached for lab/llm@main" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_hub_in_the_open_is_not_asked(site: Site, tmp_path: Path) -> None:
    """HF_ENDPOINT is http: the address and the key are named, and no byte is sent; nor is any where https sends it."""
    env = {"HF_ENDPOINT": site.url, "HF_HOME": str(tmp_path / "hf")}
    done = run_script("fetch_hub_llm.py", SETTINGS, {"--llm": tmp_path / "llm"}, env)
    assert done.returncode == 1
    assert f"{site.url}/api/models/lab/llm" in done.stderr
    assert "llms.NAME.allow_http is true" in done.stderr
    assert site.asked == []


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (errors.GatedRepoError, "lab/llm is gated"),
        (errors.RepositoryNotFoundError, "no repository lab/llm"),
        (errors.RevisionNotFoundError, "lab/llm has no revision 'main'"),
        (errors.HfHubHTTPError, "the hub did not deliver lab/llm@main"),
    ],
)
def test_refusals(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: type[errors.HfHubHTTPError], sentence: str
) -> None:
    """Each refusal of the hub has its own sentence; a gate is not taken for a missing repository, its parent class."""

    class Response:
        headers: dict[str, str] = {}  # noqa: RUF012
        request = None

    def refuse(*args: object, **options: object) -> str:
        raise kind("refused", response=Response())

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(SoftrecError, match=sentence):
        hub.fetch_llm(hub.HubLlmSettings("lab/llm", "main", 1.0), tmp_path / "llm")
    assert not (tmp_path / "llm").exists()


def test_repository_without_safetensors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Weights in another format are named as missing, with what was found."""
    (tmp_path / "snapshot").mkdir()
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / "snapshot" / name).write_text("{}")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *args, **options: str(tmp_path / "snapshot"))
    with pytest.raises(SoftrecError, match=r"lab/llm has no \*\.safetensors") as caught:
        hub.fetch_llm(hub.HubLlmSettings("lab/llm", "main", 1.0), tmp_path / "llm")
    assert "found: config.json, tokenizer.json" in str(caught.value)


def test_an_architecture_that_is_not_tested_costs_no_download(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """config.json is fetched first, alone, and refused; nothing else is asked for."""
    (tmp_path / "config.json").write_text('{"model_type": "granite"}')
    asked = []

    def fetch(*args: object, **options: object) -> str:
        asked.append(options["allow_patterns"])
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    with pytest.raises(SoftrecError, match="of lab/llm has the model_type 'granite', which is not tested"):
        model_type.require_tested(hub.HubLlmSettings("lab/llm", "main", 1.0))
    assert asked == [["config.json"]]


def test_a_file_that_is_not_what_the_hub_named(tmp_path: Path) -> None:
    """Large files are named by their sha256, small ones by git's sum of "blob SIZE", NUL and content."""
    for content, name in (
        (b"abc", hashlib.sha256(b"abc").hexdigest()),
        (b"abc", hashlib.sha1(b"blob 3\0abc").hexdigest()),
        (b"other", "not-a-sum"),
    ):
        (tmp_path / name).write_bytes(content)
        hub.require_content(tmp_path / name, "x of lab/llm")
    for name in (hashlib.sha256(b"abc").hexdigest(), hashlib.sha1(b"blob 3\0abc").hexdigest()):
        (tmp_path / name).write_bytes(b"abd")
        with pytest.raises(SoftrecError, match="x of lab/llm differs from the hub's checksum"):
            hub.require_content(tmp_path / name, "x of lab/llm")


def test_an_answer_without_end_meets_the_limit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrives is counted, whatever length was announced."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    site.files["/a"] = Served(bytes(3 << 20))
    with https_alone(allow_http=True, most_gib=2 / 1024):
        from huggingface_hub.utils import get_session

        with pytest.raises(SoftrecError, match=r"/a has more than 0\.0019\d+ GiB"):
            get_session().get(f"{site.url}/a")
    with https_alone(allow_http=True, most_gib=4 / 1024):
        assert len(get_session().get(f"{site.url}/a").content) == 3 << 20


def test_transfers_that_heed_no_limits_are_off() -> None:
    """hf-xet asks servers by itself, http as well, and waits for ever."""
    code = "import softrec.fetch.hub, huggingface_hub.constants as c; print(c.HF_HUB_DISABLE_XET)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=SCRIPTS)
    assert ended.stdout.strip() == "True", ended.stderr
