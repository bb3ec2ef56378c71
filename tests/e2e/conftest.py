"""One full run of the graph on a toy shop, which all end-to-end tests share."""

from pathlib import Path
from typing import NamedTuple

import pytest
from toy_project import Project, new_project


class Finished(NamedTuple):
    """A project whose graph has run to its end, and what the run printed. Not to be changed: copy it."""

    project: Project
    printed: str


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The toy shop's results: run once a session."""
    project = new_project(tmp_path_factory.mktemp("toy") / "softrec")
    return Finished(project, project.snakemake())


@pytest.fixture
def copied(finished: Finished, tmp_path: Path) -> Project:
    """A copy of the finished project that a test may change."""
    return finished.project.copy(tmp_path / "softrec")


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """A project in which nothing has run."""
    return new_project(tmp_path / "softrec")
