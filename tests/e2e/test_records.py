"""Results without Snakemake's records, as on another machine: what changed since is known by the manifests."""

import json
import os
import shutil
from pathlib import Path

import pytest

from toy_project import Finished, Project, rules

EDITS = [
    ("config/toy.yaml", "alphas: [1, 10]", "alphas: [1, 5]"),  # a longer grid, a chosen alpha that is gone
    ("scripts/softrec/splits/split_audit.py", "import numpy as np\n", "import numpy as np\n\nPOINTLESS = 1\n"),
]


@pytest.fixture(scope="module")
def projects(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Project]:
    """The finished project with its records, and without. Only dry runs take place in them."""
    folder = tmp_path_factory.mktemp("records")
    known, unknown = (finished.project.copy(folder / name) for name in ("known", "unknown"))
    shutil.rmtree(unknown.root / ".snakemake")
    return known, unknown


def test_without_records_all_is_kept_as_long_as_nothing_changed(projects: tuple[Project, Project]) -> None:
    """The manifests say that every file is what it would be."""
    assert projects[1].planned() == []


@pytest.mark.parametrize(("file", "old", "new"), EDITS)
def test_without_records_an_edit_plans_what_it_plans_with_them(
    projects: tuple[Project, Project], file: str, old: str, new: str
) -> None:
    """A setting of two rules, and a module of one."""
    plans = []
    for project in projects:
        with project.edited(file, old, new):
            plans.append(rules(project.planned()))
    assert plans[0] == plans[1] != {}


def test_a_file_whose_manifest_is_damaged_is_made_again(projects: tuple[Project, Project]) -> None:
    """Nothing says what the split's audit was made of. Where the manifest is gone, somebody put the file there."""
    manifest = projects[1].toys / "split_audit.json.manifest.json"
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[:100])
    planned = projects[1].planned()
    manifest.unlink()
    kept = projects[1].planned()
    manifest.write_bytes(whole)
    [audit] = [job for job in planned if job.rule == "audit_split"]
    assert "split_audit.json.manifest.json cannot be read" in audit.reason
    assert kept == []


def test_a_file_of_ones_own_that_changed_at_its_old_time_is_read_again(projects: tuple[Project, Project]) -> None:
    """A byte of a field that nobody reads, in place: with Snakemake's records as without."""
    for project in projects:
        path = project.root / "shop/Toys.jsonl"
        whole, facts = path.read_bytes(), path.stat()
        path.write_bytes(whole.replace(b"x", b"y", 1))
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        [reader] = [job for job in project.planned() if job.rule == "filter_interactions"]
        assert "input shop/Toys.jsonl changed" in reader.reason
        path.write_bytes(whole)
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        assert project.planned() == []


def test_a_file_of_ones_own_in_place_of_another_is_read_again(projects: tuple[Project, Project]) -> None:
    """Another folder takes the name of the shop, by a rename, after results that are dated in the future.

    No time of either tells. The first one again is what it was.
    """
    for project in projects:
        shop, other, away = (project.root / name for name in ("shop", "other", "away"))
        shutil.copytree(shop, other)
        facts = (other / "Toys.jsonl").stat()
        (other / "Toys.jsonl").write_bytes((other / "Toys.jsonl").read_bytes().replace(b"x", b"y", 1))
        os.utime(other / "Toys.jsonl", ns=(facts.st_atime_ns, facts.st_mtime_ns))
        place = project.toys / "interactions.parquet.manifest.json"
        dated = place.stat()
        os.utime(place, (4e9, 4e9))
        shop.rename(away)
        other.rename(shop)
        [reader] = [job for job in project.planned() if job.rule == "filter_interactions"]
        assert "input shop/Toys.jsonl changed" in reader.reason
        shutil.rmtree(shop)
        away.rename(shop)
        os.utime(place, ns=(dated.st_atime_ns, dated.st_mtime_ns))
        assert project.planned() == []


def test_an_input_of_another_chain_in_place_of_ones_own(projects: tuple[Project, Project]) -> None:
    """Copied with its manifest and an old time: what was made of the other one is planned again."""
    for project in projects:
        place = project.toys / "samples/test.parquet.manifest.json"
        whole, facts = place.read_bytes(), place.stat()
        manifest = json.loads(whole)
        place.write_text(json.dumps({**manifest, "outputs": dict.fromkeys(manifest["outputs"], "0" * 64)}))
        os.utime(place, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        planned = project.planned()
        place.write_bytes(whole)
        assert "audit_sample" in {job.rule for job in planned if "samples/test.parquet was replaced" in job.reason}
        assert {"rank_sequential", "predict_titles"} <= {job.rule for job in planned}  # as the audit is made again
        assert project.planned() == []


@pytest.mark.parametrize(
    ("key", "name", "value", "clause"),
    [
        ("settings", "points", 3, "setting points"),
        ("code", "softrec.splits.split_audit", "0", "module softrec.splits.split_audit changed"),
        ("inputs", "results/toy/other.parquet", "0", "input results/toy/other.parquet is no longer used"),
    ],
)
def test_results_of_another_run_in_place_of_ones_own(
    projects: tuple[Project, Project], key: str, name: str, value: object, clause: str
) -> None:
    """Copied over these, which Snakemake has records of: their manifests tell of another setting, module or input."""
    for project in projects:
        place = project.toys / "split_audit.json.manifest.json"
        whole = place.read_bytes()
        manifest = json.loads(whole)
        place.write_text(json.dumps({**manifest, key: {**manifest[key], name: value}}))
        planned = [job for job in project.planned() if job.rule == "audit_split"]
        place.write_bytes(whole)
        assert len(planned) == 1
        assert clause in planned[0].reason


@pytest.mark.parametrize("name", ["table2.csv", "figures/figure2.png"])
def test_a_final_file_that_no_job_wrote_so_is_refused(projects: tuple[Project, Project], name: str) -> None:
    """A digit edited, at its old time; put there by hand. With Snakemake's records as without."""
    for project in projects:
        path = project.root / "results/toy" / name
        whole, facts, manifest = path.read_bytes(), path.stat(), path.with_name(f"{path.name}.manifest.json")
        path.write_bytes(whole[:-9] + b"9" + whole[-8:])
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        said = " ".join(project.snakemake("--dry-run", "--nolock", returns=1).split())
        assert f"results/toy/{name} is not what " in said
        assert "Remove it, and start again." in said
        path.write_bytes(whole)
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        kept = manifest.read_bytes()
        manifest.unlink()
        said = " ".join(project.snakemake("--dry-run", "--nolock", returns=1).split())
        assert f"results/toy/{name} was written by no job" in said
        manifest.write_bytes(kept)
        assert project.planned() == []


def test_an_input_that_is_not_what_its_job_wrote_is_refused(finished: Finished, tmp_path: Path) -> None:
    """A bit of an embedding flips, at its old time, and the job that reads it runs again for another reason."""
    project = finished.project.copy(tmp_path / "flipped")
    path = project.toys / "titles.npy"
    facts, content = path.stat(), bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    ranks = next((project.toys / "bigrec").rglob("test.ranks.parquet"))
    ranks.unlink()
    said = project.snakemake("--", str(ranks.relative_to(project.root)), returns=1)
    assert "titles.npy is not what encode_titles.py wrote" in said
    assert not ranks.exists()
