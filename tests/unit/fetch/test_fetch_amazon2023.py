"""Amazon Reviews 2023 from a hub and from a site, both played by a local server."""

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import fetch_amazon2023
from common import files, hub_commits
from local_server import Served, Site
from run_script import run_script
from softrec.job import program

RATINGS = b"user_id,parent_asin,rating,timestamp\nu,a,5.0,1\n" * 50
METADATA = b'{"parent_asin": "a", "title": "T"}\n' * 50
PATHS = {"ratings": "benchmark/5core/rating_only/Toys.csv", "metadata": "raw/meta_categories/meta_Toys.jsonl"}
COMMIT = "c" * 40


def digest(content: bytes) -> str:
    """sha256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def settings(site: Site, transport: str, **changes: Any) -> dict[str, Any]:
    """Settings that fit the two contents."""
    return {
        "category": "Toys",
        "transport": transport,
        "repository": "lab/reviews",
        "revision": "main",
        "base_url": site.url + "/amazon_2023",
        "allow_http": True,
        "checksum": "expected",
        "ratings": {"path": PATHS["ratings"], "sha256": digest(RATINGS)},
        "metadata": {"path": PATHS["metadata"], "sha256": digest(METADATA)},
        **changes,
    }


def flags(folder: Path) -> dict[str, Path]:
    """The two outputs."""
    return {"--ratings": folder / "ratings.csv", "--metadata": folder / "metadata.jsonl"}


def fill_site(site: Site) -> dict[str, str]:
    """Serve both files gzipped; return their addresses' paths."""
    paths = {role: f"/amazon_2023/{path}.gz" for role, path in PATHS.items()}
    site.files[paths["ratings"]] = Served(gzip.compress(RATINGS))
    site.files[paths["metadata"]] = Served(gzip.compress(METADATA))
    return paths


def fill_hub(site: Site) -> dict[str, str]:
    """Serve both files as the hub does: metadata at the branch, bytes at the commit."""
    for role, content in (("ratings", RATINGS), ("metadata", METADATA)):
        headers = {"ETag": f'"{digest(content)}"', "X-Repo-Commit": COMMIT}
        for revision in ("main", COMMIT):
            site.files[f"/datasets/lab/reviews/resolve/{revision}/{PATHS[role]}"] = Served(content, headers)
    return {role: f"/datasets/lab/reviews/resolve/{COMMIT}/{path}" for role, path in PATHS.items()}


def test_site(site: Site, tmp_path: Path) -> None:
    """The site's gzipped files are unpacked; sums are those of the plain content."""
    fill_site(site)
    done = run_script("fetch_amazon2023.py", settings(site, "site"), flags(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "ratings.csv").read_bytes() == RATINGS
    assert (tmp_path / "metadata.jsonl").read_bytes() == METADATA
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"{n}{end}" for n in ("ratings.csv", "metadata.jsonl") for end in ("", ".manifest.json")}


def test_break_in_the_second_file_costs_neither(site: Site, tmp_path: Path) -> None:
    """Metadata refused: no output, the first file's bytes stay; the next run asks for the second file alone."""
    paths = fill_site(site)
    metadata = site.files.pop(paths["metadata"])
    done = run_script("fetch_amazon2023.py", settings(site, "site"), flags(tmp_path))
    assert done.returncode == 1
    assert "404" in done.stderr
    assert "Traceback" not in done.stderr
    assert not any(path.exists() for path in flags(tmp_path).values())
    site.files[paths["metadata"]] = metadata
    assert run_script("fetch_amazon2023.py", settings(site, "site"), flags(tmp_path)).returncode == 0
    assert len(site.gets(paths["ratings"])) == 1


def test_a_fetched_file_is_read_once_for_its_sum(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the check before it gets its name; the manifest's sum is that one, for both files."""
    fill_site(site)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    read: list[str] = []
    real = files.sha256
    monkeypatch.setattr(files, "sha256", lambda path: read.append(path.name) or real(path))
    given = [text for flag, path in flags(tmp_path).items() for text in (flag, str(path))]
    own = ["--settings", json.dumps(settings(site, "site")), *given]
    program.run(fetch_amazon2023.main, fetch_amazon2023.build_parser(), own)
    assert sorted(read) == [".metadata.jsonl.partial", ".ratings.csv.partial"]
    manifest = json.loads((tmp_path / "metadata.jsonl.manifest.json").read_text())
    assert set(manifest["outputs"].values()) == {digest(RATINGS), digest(METADATA)}


def test_truncated_gzip(site: Site, tmp_path: Path) -> None:
    """A gzip file that is cut off at the publisher's: its address in one sentence, nothing left behind."""
    paths = fill_site(site)
    site.files[paths["ratings"]].body = site.files[paths["ratings"]].body[:-12]
    done = run_script("fetch_amazon2023.py", settings(site, "site"), flags(tmp_path))
    assert done.returncode == 1
    assert f"{paths['ratings']} is not a complete gzip file" in done.stderr
    assert not (tmp_path / "ratings.csv").exists()
    assert not (tmp_path / ".ratings.csv.part").exists()


def test_hub(site: Site, tmp_path: Path) -> None:
    """The branch is resolved, bytes come from the commit, and the manifest names it."""
    paths = fill_hub(site)
    env = {"HF_ENDPOINT": site.url, "HF_HOME": str(tmp_path / "hf")}
    done = run_script("fetch_amazon2023.py", settings(site, "hub"), flags(tmp_path), env)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "ratings.csv").read_bytes() == RATINGS
    notes = json.loads((tmp_path / "ratings.csv.manifest.json").read_text())["notes"]
    wanted = {"repository": "lab/reviews", "commit": COMMIT, "path": PATHS["metadata"], "sha256": digest(METADATA)}
    assert notes["metadata"] == wanted
    assert len(site.gets(paths["metadata"])) == 1


def test_hub_break_goes_on(site: Site, tmp_path: Path) -> None:
    """A connection that breaks after 1,000 bytes goes on at byte 1,000, from the same commit."""
    paths = fill_hub(site)
    site.files[paths["ratings"]].breaks = [1_000]
    env = {"HF_ENDPOINT": site.url, "HF_HOME": str(tmp_path / "hf")}
    done = run_script("fetch_amazon2023.py", settings(site, "hub"), flags(tmp_path), env)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "ratings.csv").read_bytes() == RATINGS
    assert site.gets(paths["ratings"]) == [(None, 1_000), ("bytes=1000-", len(RATINGS) - 1_000)]


def test_hub_mismatch_fails_before_the_bytes(site: Site, tmp_path: Path) -> None:
    """The hub states the sum of a large file: one that is not the configured one ends the job with no byte fetched."""
    paths = fill_hub(site)
    wrong = {"path": PATHS["ratings"], "sha256": "0" * 64}
    env = {"HF_ENDPOINT": site.url, "HF_HOME": str(tmp_path / "hf")}
    done = run_script("fetch_amazon2023.py", settings(site, "hub", ratings=wrong), flags(tmp_path), env)
    assert done.returncode == 1
    assert all(part in done.stderr for part in ("0" * 64, digest(RATINGS), "ratings.sha256 of Toys"))
    assert site.gets(paths["ratings"]) == []
    recorded = settings(site, "hub", ratings=wrong, checksum="record")
    assert run_script("fetch_amazon2023.py", recorded, flags(tmp_path), env).returncode == 0


def test_hub_offline(site: Site, tmp_path: Path) -> None:
    """Offline, the cache stands for the network: without it one sentence, with it the files and their commit."""
    env = {"HF_ENDPOINT": site.url, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    done = run_script("fetch_amazon2023.py", settings(site, "hub"), flags(tmp_path), env)
    assert done.returncode == 1
    assert "HF_HUB_OFFLINE is set" in done.stderr
    assert PATHS["ratings"] in done.stderr
    cache = tmp_path / "hf" / "hub" / "datasets--lab--reviews"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text(COMMIT)
    for role, content in (("ratings", RATINGS), ("metadata", METADATA)):
        file = cache / "snapshots" / COMMIT / PATHS[role]
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
    done = run_script("fetch_amazon2023.py", settings(site, "hub"), flags(tmp_path), env)
    assert done.returncode == 0, done.stderr
    notes = json.loads((tmp_path / "ratings.csv.manifest.json").read_text())["notes"]
    assert notes["ratings"]["commit"] == COMMIT
    assert site.asked == []


def test_hub_without_such_a_file(site: Site, tmp_path: Path) -> None:
    """A path that the repository does not have: the hub's EntryNotFound becomes a sentence with the path."""
    site.files[f"/datasets/lab/reviews/resolve/main/{PATHS['ratings']}"] = Served(
        b"", {"X-Error-Code": "EntryNotFound"}, status=404
    )
    env = {"HF_ENDPOINT": site.url, "HF_HOME": str(tmp_path / "hf")}
    done = run_script("fetch_amazon2023.py", settings(site, "hub"), flags(tmp_path), env)
    assert done.returncode == 1
    assert f"lab/reviews@main has no file {PATHS['ratings']}" in done.stderr


def test_http_is_asked_where_it_is_allowed_alone(site: Site, tmp_path: Path) -> None:
    """Otherwise nothing is asked at all, of the site as of the hub."""
    fill_site(site)
    done = run_script("fetch_amazon2023.py", settings(site, "site", allow_http=False), flags(tmp_path))
    assert done.returncode == 1
    assert f"{site.url}/amazon_2023/{PATHS['ratings']}.gz is not an https address" in done.stderr
    assert "amazon2023.allow_http" in done.stderr
    assert site.asked == []


def test_a_branch_is_asked_once(site: Site, tmp_path: Path) -> None:
    """What main was when the first data set was fetched is what the next one gets, although main has moved on."""
    fill_hub(site)
    env = {"HF_ENDPOINT": site.url, "HF_HOME": str(tmp_path / "hf")}
    kept = settings(site, "hub", commits=str(tmp_path / "commits"))
    assert run_script("fetch_amazon2023.py", kept, flags(tmp_path), env).returncode == 0
    (pin,) = (tmp_path / "commits/datasets").iterdir()
    assert (pin.name, json.loads(pin.read_text())["commit"]) == ("lab+reviews@main.json", COMMIT)
    for role, path in PATHS.items():
        headers = {"ETag": f'"{digest(role.encode())}"', "X-Repo-Commit": "d" * 40}
        site.files[f"/datasets/lab/reviews/resolve/main/{path}"] = Served(role.encode(), headers)
    assert run_script("fetch_amazon2023.py", kept, flags(tmp_path / "again"), env).returncode == 0
    assert (tmp_path / "again/ratings.csv").read_bytes() == RATINGS
    moved = run_script("fetch_amazon2023.py", settings(site, "hub"), flags(tmp_path / "moved"), env)
    assert digest(b"ratings") in moved.stderr  # without the file, main is what it is now
    pin.write_text("{}")
    broken = run_script("fetch_amazon2023.py", kept, flags(tmp_path / "broken"), env)
    assert f"{pin} does not name a commit" in broken.stderr
    pin.write_text(json.dumps({"repository": "lab/reviews", "revision": "x/y", "commit": COMMIT}))
    other = run_script("fetch_amazon2023.py", kept, flags(tmp_path / "other"), env)
    assert f"{pin} is for the revision 'x/y', not 'main'" in other.stderr


def test_each_branch_has_a_place_of_its_own() -> None:
    """Names of branches may hold both signs."""
    names = [hub_commits.place_of("c", "a/b", branch).name for branch in ("x/y", "x--y", "x-/y", "x/-y")]
    assert names[0] == "a+b@x+y.json"
    assert len(set(names)) == 4


def test_an_empty_answer_is_refused(site: Site, tmp_path: Path) -> None:
    """Also where nothing is known of the sum: no raw file of 0 bytes is left."""
    for role in fill_site(site).values():
        site.files[role] = Served(b"")
    unknown = {role: {"path": path, "sha256": None} for role, path in PATHS.items()}
    done = run_script("fetch_amazon2023.py", settings(site, "site", checksum="record", **unknown), flags(tmp_path))
    assert done.returncode == 1
    assert f"{PATHS['ratings']} is empty" in done.stderr
    assert not any(path.exists() for path in flags(tmp_path).values())


def test_a_bomb_is_not_unpacked(site: Site, tmp_path: Path) -> None:
    """A MiB is allowed, 4 come."""
    site.files[fill_site(site)["ratings"]] = Served(gzip.compress(b" " * (4 << 20)))
    done = run_script("fetch_amazon2023.py", settings(site, "site", inflated_gib=1 / 1024), flags(tmp_path))
    assert done.returncode == 1
    assert "unpacks to more than 0.000976562 GiB" in done.stderr
    assert not (tmp_path / "ratings.csv").exists()
