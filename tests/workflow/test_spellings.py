"""Spellings that users know from elsewhere mean what they expect."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from lib.config import configuration, cross_checks, spellings
from lib.config.loading import SCHEMA
from lib.slices import Slices

Checked = Callable[[str], dict[str, Any]]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("all-linear", ["all-linear"]),
        ("All-Linear", ["all-linear"]),
        ("q_proj", ["q_proj"]),
        (r".*\.(q|v)_proj", r".*\.(q|v)_proj"),
    ],
)
def test_a_single_target_needs_no_list(checked: Checked, written: str, read: list[str] | str) -> None:
    """PEFT takes "all-linear" as text, in any case, and a regular expression; any other name becomes a list."""
    config = checked("demo")
    config["lora"]["targets"] = written
    configuration.check(config, str(SCHEMA), "x.yaml", cross_checks.problems)
    assert Slices(config).tuning("ml100k", "bigrec", "1")["lora"]["targets"] == read


def test_an_expression_that_is_none_is_refused(checked: Checked) -> None:
    """Before the plan, with the key."""
    config = checked("demo")
    config["lora"]["targets"] = "(q|v_proj"
    with pytest.raises(
        configuration.ConfigError, match=r"lora\.targets is '\(q\|v_proj', which is no regular expression"
    ):
        configuration.check(config, str(SCHEMA), "x.yaml", cross_checks.problems)


def test_a_tilde_is_the_home_folder(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a data set's folder and files, and a language model; a tilde elsewhere in a name is a letter."""
    monkeypatch.setenv("HOME", "/home/me")
    config = checked("demo")
    source = {
        "kind": "files",
        "folder": "~/books",
        "ratings": "r~.gz",
        "metadata": "~/shared/m.gz",
        "format": "reviews",
    }
    config["datasets"]["ml100k"]["source"] = source
    config["llms"]["tiny"] = {"kind": "path", "folder": "~/models/own", "precision": "fp32"}
    configuration.check(config, str(SCHEMA), "x.yaml", cross_checks.problems)
    assert config["datasets"]["ml100k"]["source"]["folder"] == os.path.join("/home/me", "books")
    assert config["datasets"]["ml100k"]["source"]["ratings"] == "r~.gz"
    assert config["datasets"]["ml100k"]["source"]["metadata"] == "/home/me/shared/m.gz"
    assert config["llms"]["tiny"]["folder"] == "/home/me/models/own"


@pytest.mark.parametrize(
    "config", [{}, {"lora": 3, "datasets": [], "llms": {"a": 1}}, {"datasets": {"a": {"source": 1}}}]
)
def test_parts_of_another_shape_are_left_to_the_schema(config: dict[str, Any]) -> None:
    """Nothing is raised, and nothing changes."""
    before = repr(config)
    spellings.normalize(config)
    assert repr(config) == before
