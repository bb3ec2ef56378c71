"""Configurations that nobody wrote: refused in lines for people, or good enough for every rule. Never a traceback."""

import copy
import importlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
import yaml
from hypothesis import given
from hypothesis import settings as quick

from lib.config import configuration, cross_checks
from lib.console import plan
from lib.cost import estimate
from lib.cost.sizes import Left, Sizes
from lib.graph import grid
from lib.graph.engine import Engine
from lib.slices import Slices
from places import ROOT
from slices_of_rules import RULES, names
from snakemake_logger_plugin_softrec import config_file
from softrec.job.settings import read_settings

SCHEMA = str(ROOT / "workflow/schemas/config.schema.yaml")
OWN = {name: yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()) for name in ("paper", "demo", "figure6")}
WORDS = ["", " ", "a b", "../x", "/etc", "$(ls)", "{x}", "x\ny", "é", "\x00", "null", "1e3", "all", "mean", "sasrec"]
WORDS += ["ml100k", "tiny", "NG@20", "H@0", "paper", "expected", "record", "a" * 300, "\ud800", "*", "-n", "%s"]
NUMBERS = [0, 1, -1, 2, 7, 1.0, 2.0, 10**6, 10**30, -(10**30), 0.0, 0.5, 1e-300, 1e300]
NUMBERS += [10**400, float("nan"), float("inf"), True, False]
LEAVES = st.sampled_from([*WORDS, *NUMBERS, None])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=2)
)


def places(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a configuration, inner and outer."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield (*way, key)
        yield from places(value, (*way, key))


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    """One of the project's own with one to three values, or whole parts, that are others, absent or new."""
    config = copy.deepcopy(OWN[draw(st.sampled_from(sorted(OWN)))])
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(list(places(config))))
        part = config
        for step in way:
            part = part[step]
        what = draw(st.sampled_from(["other", "other", "scaled", "gone", "new"]))
        if what == "gone":
            del part[last]
        elif what == "new" and isinstance(part, dict):
            part[draw(st.sampled_from(WORDS))] = draw(VALUES)
        elif what == "scaled" and type(part[last]) in (int, float):
            part[last] = part[last] * draw(st.sampled_from([-1, 0, 2, 3, 1000]))
        else:
            part[last] = draw(VALUES)
        if not config:
            break
    return config


def require_read(given: str | dict[str, Any], kind: str) -> None:
    """The job that gets a slice takes it for its settings, a dataclass of some module or of its own script."""
    assert given
    module, _, name = kind.rpartition(".")
    if module:
        settings = getattr(importlib.import_module(f"softrec.{module}"), name)
        text = given if isinstance(given, str) else json.dumps(given)
        assert isinstance(read_settings(text, settings), settings)


@quick(max_examples=200, deadline=None)
@given(configurations())
def test_a_configuration_is_refused_in_lines_or_serves_every_rule(config: dict[str, Any]) -> None:
    """What passes the checks makes rows, the first lines of a run, each rule's settings and estimates."""
    try:
        configuration.check(config, SCHEMA, "mine.yaml", cross_checks.problems)
    except configuration.ConfigError as error:
        assert str(error)
        assert all(line.startswith("mine.yaml: ") for line in str(error).splitlines())
        return
    slices = Slices(config)
    assert plan.plan(config, grid.rows(config))
    assert Engine(config["engine"]).environment is not None
    for rule, (slice_of, kind) in RULES.items():
        for name in names(rule, config):
            require_read(slice_of(slices, name), kind)
    for dataset in config["datasets"]:
        for rule in (*estimate.GPU_RULES, "fit_sasrec", "filter_interactions"):
            place = f"results/{config['run']}/benchmarks/{dataset}/bigrec/seed=1/x.tsv"
            assert sum(estimate.work(Sizes(config, Left(rule, place))).values()) >= 0


@quick(max_examples=300, deadline=None)
@given(
    st.binary(max_size=60), st.sampled_from([b"", b"a: ", b"a: [", b"a: &x {b: ", b"- ", b'{"a": ', b"\xef\xbb\xbf"])
)
def test_any_bytes_are_keys_and_values_or_one_sentence(content: bytes, before: bytes) -> None:
    """Also where they begin like YAML or JSON."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mine.yaml"
        file.write_bytes(before + content)
        try:
            assert isinstance(config_file.read(file), dict)
        except config_file.ConfigFileError as error:
            assert str(error).startswith(str(file))
            assert "\n" not in str(error)


@pytest.mark.parametrize("name", sorted(OWN))
def test_without_a_change_nothing_is_refused(name: str) -> None:
    """Otherwise the first test would show nothing."""
    configuration.check(copy.deepcopy(OWN[name]), SCHEMA, name, cross_checks.problems)
    assert OWN[name]["run"]
