"""A job that is not what it was submitted for refuses to run."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from common.errors import SoftrecError
from lib.slurm import plan_file as driver
from softrec.job.plan import VARIABLE, check

SETTINGS, CODE = '{"k": 10}', '{"filter_interactions": "aa"}'


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The plan of two jobs, as a driver writes it; the target of all has no settings."""
    params = SimpleNamespace(cfg=SETTINGS, code=CODE)
    jobs = [SimpleNamespace(params=params, output=["a.parquet", "b.json"]), SimpleNamespace(params=[], output=["x"])]
    environment: dict[str, str] = {}
    driver.publish(jobs, tmp_path / "plan/plan.json", environment)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "plan/plan.json"


def test_the_plan_names_every_output(published: Path) -> None:
    """One digest a job, the same for each of its outputs; driver and script compute it alike."""
    plan = json.loads(published.read_text())
    assert plan == {"a.parquet": driver.digest(SETTINGS, CODE), "b.json": driver.digest(SETTINGS, CODE)}
    check(SETTINGS, CODE, [Path("a.parquet"), Path("b.json")])


@pytest.mark.parametrize(("settings", "code"), [('{"k": 9}', CODE), (SETTINGS, '{"filter_interactions": "bb"}')])
def test_an_edit_is_refused(published: Path, settings: str, code: str) -> None:
    """Of a setting or of a module: the error names the output and what to do."""
    with pytest.raises(SoftrecError, match=r"a\.parquet were edited after this job was planned") as caught:
        check(settings, code, [Path("a.parquet")])
    assert "Ctrl-C" in "\n".join(caught.value.lines())


def test_what_nobody_planned_is_not_asked_about(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that is run by hand: its output is in no plan, or no driver has named one."""
    check("{}", "{}", [Path("c.json")])
    monkeypatch.delenv(VARIABLE)
    check("{}", "{}", [Path("a.parquet")])


@pytest.mark.parametrize("text", [None, "", "[]", "{"])
def test_a_plan_that_cannot_be_read_is_made_anew(published: Path, text: str | None) -> None:
    """The driver has named one: nobody can say what the job was planned with, and removing the file helps nobody."""
    published.unlink()
    if text is not None:
        published.write_text(text)
    with pytest.raises(SoftrecError, match=str(published)) as caught:
        check(SETTINGS, CODE, [Path("a.parquet")])
    assert "start the same command again: it writes the plan anew" in str(caught.value.remedy)
