"""Spellings that users know from elsewhere mean what they expect."""

import os
import re
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


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("(q|v_proj", "is '(q|v_proj', which is no regular expression"),
        (
            "(q|v)_proj",
            "is '(q|v)_proj', which matches no whole name of a layer, such as model.layers.0.self_attn.q_proj",
        ),
        ("all_linear", "has 'all_linear', which is no linear layer; did you mean 'all-linear'?"),
        (["q_proj", "v_porj"], "has 'v_porj', which is no linear layer; did you mean 'v_proj'?"),
        (["c_attn"], "has 'c_attn', which is no linear layer; known are all-linear, q_proj, k_proj"),
    ],
)
def test_targets_that_no_model_has_are_refused(checked: Checked, written: list[str] | str, said: str) -> None:
    """Before the plan, with the key: every model that may be used has the same names of linear layers."""
    config = checked("demo")
    config["lora"]["targets"] = written
    with pytest.raises(configuration.ConfigError, match=re.escape(f"x.yaml: lora.targets {said}")):
        configuration.check(config, str(SCHEMA), "x.yaml", cross_checks.problems)


@pytest.mark.parametrize(
    "written", ["lm_head", ["layers.11.mlp.up_proj", "self_attn.q_proj"], r".*layers\.11\..*q_proj"]
)
def test_targets_of_one_layer_or_the_output_layer_are_accepted(checked: Checked, written: list[str] | str) -> None:
    """How many layers a model has is not known yet."""
    config = checked("demo")
    config["lora"]["targets"] = written
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
