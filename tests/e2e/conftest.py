"""One full run of the graph on a toy shop, which all end-to-end tests share."""

from pathlib import Path

import pytest

from toy_project import Finished, Project, new_project
from used_project import use


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The toy shop's results: run once a session."""
    project = new_project(tmp_path_factory.mktemp("toy") / "softrec")
    return Finished(project, project.snakemake())


@pytest.fixture(scope="session")
def used(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the finished project in which everything of use.smk has been asked for."""
    return use(finished.project.copy(tmp_path_factory.mktemp("used") / "softrec"))


@pytest.fixture
def copied(finished: Finished, tmp_path: Path) -> Project:
    """A copy of the finished project that a test may change."""
    return finished.project.copy(tmp_path / "softrec")


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """A project in which nothing has run."""
    return new_project(tmp_path / "softrec")
