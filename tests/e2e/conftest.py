"""One full run of the graph on a toy shop, which all end-to-end tests share."""

from pathlib import Path

import pytest
from toy_project import Finished, Project, new_project


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one process run these tests, since they share what the graph made."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("end to end"))


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
