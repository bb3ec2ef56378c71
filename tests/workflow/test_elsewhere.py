"""Runs in another folder than the project's: results go there, scripts and published numbers come from the project."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from snakemake.profiles import ProfileConfigFileParser

from lib.graph import place
from places import ROOT
from toy_project import surroundings
from toy_shop import write_toy_shop

MODULE = """
configfile: "mine.yaml"


module softrec:
    snakefile:
        {snakefile!r}
    config:
        config


use rule * from softrec exclude all


rule mine:
    default_target: True
    input:
        "results/toy/table1.csv",
    output:
        "lines.txt",
    shell:
        "wc -l {{input}} > {{output}}"


onstart:
    softrec.onstart()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that has a toy shop and its configuration, and nothing of the project."""
    write_toy_shop(tmp_path / "shop")
    config = yaml.safe_load((ROOT / "tests/e2e/toy.yaml").read_text())
    names = {"ratings": "Toys.jsonl.gz", "metadata": "meta_Toys.jsonl.gz"}
    config["datasets"]["toys"]["source"] |= names
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


def snakemake(folder: Path, *arguments: str, cwd: Path | None = None) -> str:
    """What Snakemake prints in a folder; it must not fail."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    ended = subprocess.run(command, cwd=cwd or folder, env=surroundings(), timeout=600, **pipes)  # type: ignore[call-overload]
    assert ended.returncode == 0, ended.stdout
    return str(ended.stdout)


def require_table(folder: Path) -> None:
    """The first table was made here, and its manifest names no absolute path but that of the environment."""
    assert (folder / "results/toy/table1.csv").stat().st_size > 0
    manifest = json.loads((folder / "results/toy/table1.csv.manifest.json").read_text())
    assert os.path.relpath(ROOT / "config/published.csv", folder) in manifest["inputs"]
    del manifest["environment"]
    assert f'"{ROOT}' not in json.dumps(manifest)


def test_paths_are_short_in_the_project_and_relative_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tests/workflow` is two levels down."""
    monkeypatch.chdir(ROOT)
    assert place.path("scripts") == "scripts"
    monkeypatch.chdir(ROOT / "tests/workflow")
    assert place.path("config/paper.yaml") == "../../config/paper.yaml"


def test_a_space_in_the_path_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that starts ranks would be divided at it."""
    monkeypatch.setattr(place, "PROJECT", tmp_path / "my softrec")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"has a space: 'my softrec/scripts'\. Move softrec"):
        place.path("scripts")


def test_commands_are_recorded_without_a_place() -> None:
    """Snakemake compares a rule's command with the one of earlier runs, which may have been made elsewhere."""
    assert place.without_place('\n  python "$SOFTREC_SCRIPTS"/a.py --x') == "\n  python scripts/a.py --x"


def test_another_folder(folder: Path) -> None:
    """With `--directory`, started in the project; and again in the folder itself, where nothing is left to do."""
    target = "results/toy/table1.csv"
    snakemake(folder, target, "--directory", str(folder), "--configfile", str(folder / "mine.yaml"), cwd=ROOT)
    require_table(folder)
    snakefile = os.path.relpath(ROOT / "workflow/Snakefile", folder)
    again = snakemake(folder, target, "--snakefile", snakefile, "--configfile", "mine.yaml", "--dry-run")
    assert "Nothing to be done" in again


def test_tools_find_the_snakefile_from_elsewhere(folder: Path) -> None:
    """`cost` plans the toy shop; a Snakefile of one's own comes first, here one that plans nothing."""
    profile = os.path.relpath(ROOT / "profiles/demo", folder)
    command = [sys.executable, str(ROOT / "workflow/tools/cost.py"), "mine.yaml", "--profile", profile]
    told = subprocess.run(command, cwd=folder, env=surroundings(), capture_output=True, text=True)
    assert "\ntune_soft " in told.stdout, told.stderr
    (folder / "Snakefile").write_text("")
    told = subprocess.run(command, cwd=folder, env=surroundings(), capture_output=True, text=True)
    assert told.stdout == "nothing is left to do\n", told.stderr


@pytest.mark.parametrize("name", ["demo", "one-gpu", "slurm", "slurm-venv"])
@pytest.mark.parametrize(
    "form",
    ["--profile {}", "--profile={}/", "--profile {}/config.yaml --config run=slurm-venv", "SNAKEMAKE_PROFILE {}"],
)
def test_profiles_are_read_from_elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, form: str) -> None:
    """Relative to the profile's folder; `slurm-venv` has all of `slurm` but one line, and finds it beside itself."""
    monkeypatch.chdir(folder)
    own = os.path.relpath(ROOT / "profiles" / name, folder)
    option, *value = form.format(own).split()
    if option == "SNAKEMAKE_PROFILE":
        monkeypatch.setenv(option, *value)
    else:
        monkeypatch.setattr(sys, "argv", ["snakemake", option, *value])
    with (Path(own) / "config.yaml").open() as stream:
        read = ProfileConfigFileParser().parse(stream)
    assert Path(read["report-stylesheet"]).resolve() == ROOT / "workflow/report/report.css"
    assert ("executor" in read) == name.startswith("slurm")
    assert ("software-deployment-method" in read) == (name == "slurm")
    assert Path(read.get("configfile", ROOT / "config/paper.yaml")).resolve().parent == ROOT / "config"


def test_the_papers_configuration_is_found_elsewhere(tmp_path: Path) -> None:
    """Without --configfile the grid of `config/paper.yaml` is planned."""
    said = snakemake(tmp_path, "--snakefile", str(ROOT / "workflow/Snakefile"), "--dry-run", "--quiet", "all")
    assert "  results   results/paper/" in said


def test_a_snakefile_without_the_rest_of_the_project_is_refused(tmp_path: Path) -> None:
    """What `github(...)` in a module gives: Snakemake fetches the Snakefile, and none of the packages it imports."""
    (tmp_path / "Snakefile").write_text((ROOT / "workflow/Snakefile").read_text())
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "-n"]
    ended = subprocess.run(command, cwd=tmp_path, env=surroundings(), capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr.startswith("softrec is more than its Snakefile: clone it to this machine")


def test_a_workflow_that_uses_softrec_as_a_module(folder: Path) -> None:
    """Its own rule follows; a second run has nothing to do."""
    (folder / "Snakefile").write_text(MODULE.format(snakefile=str(ROOT / "workflow/Snakefile")))
    plan = snakemake(folder, "--dry-run", "results/toy/table2.csv")
    assert "\ntune_soft " in plan
    snakemake(folder)
    require_table(folder)
    assert "table1.csv" in (folder / "lines.txt").read_text()
    assert "Nothing to be done" in snakemake(folder, "--dry-run")
