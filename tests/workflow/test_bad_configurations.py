"""Bad configurations, one a line of tests/bad_inputs/configuration.yaml: each is refused, with its remedy."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lib.config import configuration, cross_checks
from lib.config.configuration import ConfigError
from places import WORKFLOW

SCHEMA = WORKFLOW / "schemas/config.schema.yaml"
CASES = yaml.safe_load((Path(__file__).parents[1] / "bad_inputs/configuration.yaml").read_text())
Checked = Callable[[str], dict[str, Any]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['key']}={case['value']!r:.40}")
def test_a_bad_value_is_one_line(checked: Checked, case: dict[str, Any]) -> None:
    """The place, the value and what helps; nothing else is said, and nothing is raised but `ConfigError`."""
    config = copy.deepcopy(checked(case["base"]))
    *way, last = case["key"].split(".")
    part = config
    for key in way:
        part = part[key]
    part[last] = case["value"]
    with pytest.raises(ConfigError) as caught:
        configuration.check(config, str(SCHEMA), "the configuration", cross_checks.problems)
    lines = str(caught.value).splitlines()
    assert len(lines) == case.get("lines", 1)
    assert [word for word in case["words"] if word not in lines[0]] == []


@pytest.mark.parametrize("name", ["benchmarks", "figures", "logs"])
def test_a_data_set_has_a_folder_of_its_own(checked: Checked, name: str) -> None:
    """Every run has folders of these names."""
    config = copy.deepcopy(checked("demo"))
    config["datasets"][name] = config["datasets"].pop("ml100k")
    assert cross_checks.problems(config) == [
        f"datasets has the key {name!r}, which is a folder of every run; choose another"
    ]


@pytest.mark.parametrize("folder", ["sh{op}", "a\nb", " "])
def test_a_folder_of_the_users_own_can_be_carried(checked: Checked, folder: str) -> None:
    """Snakemake would take braces for a wildcard."""
    config = copy.deepcopy(checked("demo"))
    config["datasets"]["ml100k"]["source"] = {
        "kind": "files", "folder": folder, "ratings": "r.csv", "metadata": "m.jsonl", "format": "ratings"
    }  # fmt: skip
    [line] = cross_checks.problems(config)
    assert line.startswith(f"datasets.ml100k.source.folder is {folder!r}")
    assert "rename" in line
