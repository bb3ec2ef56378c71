"""The schema is strict, described, and in words that help."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from lib.config import configuration, cross_checks
from lib.config.configuration import ConfigError
from lib.config.messages import refer
from places import WORKFLOW

SCHEMA = WORKFLOW / "schemas/config.schema.yaml"
ROOT: dict[str, Any] = yaml.safe_load(SCHEMA.read_text())
Checked = Callable[[str], dict[str, Any]]


def objects(part: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every subschema that describes keys, with its place. Conditions (`if`) and mere defaults do not."""
    if isinstance(part, dict):
        if "properties" in part and not all(set(own) == {"default"} for own in part["properties"].values()):
            yield path, part
        for key, value in part.items():
            if key != "if":
                yield from objects(value, f"{path}/{key}")
    elif isinstance(part, list):
        for i, value in enumerate(part):
            yield from objects(value, f"{path}/{i}")


OBJECTS = dict(objects(ROOT, ""))


def branches(part: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What a mapping must be for each `kind` that its conditions tell apart."""
    conditions = [branch for branch in part.get("allOf", ()) if "if" in branch]
    return {branch["if"]["properties"]["kind"]["const"]: refer(branch["then"], ROOT) for branch in conditions}


def numbers(part: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every subschema of a number, with its place."""
    if isinstance(part, dict):
        kinds = part.get("type", ())
        if {"integer", "number"} & set([kinds] if isinstance(kinds, str) else kinds):
            yield path, part
        for key, value in part.items():
            yield from numbers(value, f"{path}/{key}")
    elif isinstance(part, list):
        for i, value in enumerate(part):
            yield from numbers(value, f"{path}/{i}")


@pytest.mark.parametrize(("path", "part"), numbers(ROOT, ""))
def test_every_number_has_a_least_and_a_largest_value(path: str, part: dict[str, Any]) -> None:
    """A width of ten billion is a slip of the finger: said before anything runs, not by a job that lacks memory."""
    bounds = {"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"}
    assert all(bound & part.keys() for bound in bounds), path


@pytest.mark.parametrize("path", OBJECTS)
def test_every_mapping_is_closed(path: str) -> None:
    """No key passes that is not described: directly, or because each kind has a closed branch of its own."""
    part = OBJECTS[path]
    if part.get("additionalProperties") is False:
        return
    kinds = branches(part)
    assert list(kinds) == part["properties"]["kind"]["enum"]
    assert all(branch["additionalProperties"] is False for branch in kinds.values())
    assert set(part["properties"]) == {"kind"}


@pytest.mark.parametrize("path", OBJECTS)
def test_every_key_is_described(path: str) -> None:
    """The schema is the one place that explains a key; a `kind` that is fixed needs no words."""
    for name, part in OBJECTS[path]["properties"].items():
        if "const" not in part:
            assert refer(part, ROOT).get("description"), f"{path}/{name} has no description"


@pytest.mark.parametrize("path", OBJECTS)
def test_required_keys_exist_and_have_no_default(path: str) -> None:
    """A default for a key that must be given would never be used."""
    part = OBJECTS[path]
    for name in part.get("required", ()):
        assert name in part["properties"]
        assert "default" not in part["properties"][name]


@pytest.mark.parametrize("path", OBJECTS)
def test_defaults_are_values_that_are_allowed(path: str) -> None:
    """The check would refuse a configuration that leaves such a key out."""
    from jsonschema import Draft202012Validator

    for name, part in OBJECTS[path]["properties"].items():
        if "default" in part:
            validator = Draft202012Validator({**part, "$defs": ROOT["$defs"]})
            assert validator.is_valid(part["default"]), f"{path}/{name}"


def lines_about(config: dict[str, Any]) -> list[str]:
    """The lines that a wrong configuration gets."""
    with pytest.raises(ConfigError) as caught:
        configuration.check(config, str(SCHEMA), "x.yaml", cross_checks.problems)
    return str(caught.value).splitlines()


def changed(config: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The configuration with the dotted key set."""
    *way, last = path.split(".")
    part = config
    for key in way:
        part = part[key]
    part[last] = value
    return config


def test_a_source_of_another_category_without_files_is_refused(checked: Checked) -> None:
    """Files are known for the paper's three categories alone: two lines; without a category, one line and no guess."""
    source = {"kind": "amazon2023", "category": "Books"}
    both = ["ratings is missing; it must be a mapping of keys", "metadata is missing; it must be a mapping of keys"]
    lines = lines_about(changed(checked("demo"), "datasets.ml100k.source", source))
    assert sorted(lines) == sorted(f"x.yaml: datasets.ml100k.source.{line}" for line in both)
    lines = lines_about(changed(checked("demo"), "datasets.ml100k.source", {"kind": "amazon2023"}))
    assert lines == ["x.yaml: datasets.ml100k.source.category is missing; it must be text that matches ^[A-Za-z_]+$"]


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("sead", 1, "sead is 1, but there is no such key; did you mean 'seeds'?"),
        ("tuning.learningrate", 1, "tuning.learningrate is 1, but there is no such key; did you mean 'learning_rate'?"),
        ("datasets.ml100k.lable", "x", "datasets.ml100k.lable is 'x', but there is no such key; did you mean 'label'?"),
        (
            "datasets.ml100k.source.packge",
            "x",
            "datasets.ml100k.source.packge is 'x', but there is no such key; did you mean 'package'?",
        ),
        ("llms.tiny.layer", 3, "llms.tiny.layer is 3, but there is no such key; did you mean 'layers'?"),
    ],
)
def test_a_mistyped_key_is_told_what_was_meant(checked: Checked, key: str, value: Any, line: str) -> None:
    """At every depth, behind references and conditions too."""
    assert lines_about(changed(checked("demo"), key, value)) == [f"x.yaml: {line}"]


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        ("methods", ["bigrec-stf"], "did you mean 'bigrec-sft'?"),
        ("ranking.mask", "seeen", "did you mean 'seen'?"),
        ("soft.progression", "expnential", "did you mean 'exponential'?"),
        ("datasets.ml100k.source.kind", "weel", "did you mean 'wheel'?"),
        ("llms.tiny.kind", "tyny", "did you mean 'tiny'?"),
    ],
)
def test_a_mistyped_word_is_told_what_was_meant(checked: Checked, key: str, value: Any, hint: str) -> None:
    """One line, and it ends in the word."""
    (line,) = lines_about(changed(checked("demo"), key, value))
    assert line.startswith(f"x.yaml: {key}")
    assert line.endswith(hint)


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("run", "raw", "must not be 'raw'"),
        ("run", "../other", "matches"),
        ("seeds", [], "1 or more entries"),
        ("seeds", [1, 1], "no entry may come twice"),
        ("tuning_seed", -1, ">= 0"),
        ("methods", [], "1 or more entries"),
        ("datasets", {}, "1 or more keys"),
        ("datasets.ml100k.global_batch_size", 0, ">= 1"),
        ("datasets.ml100k.source.sha256", "abc", "matches"),
        ("filter.k", 0, ">= 1"),
        ("split.history", 0, ">= 1"),
        ("split.fractions", [0.9, 0.1], "3 or more entries"),
        ("split.fractions", [0.9, 0.1, 0], "> 0"),
        ("samples.train", 0, ">= 1"),
        ("samples.test", "everything", "'all'"),
        ("samples.paper_test", "all", "a whole number >= 1 and <= 1000000000 or null"),
        ("samples.paper_test", 0, ">= 1"),
        ("ranking.cutoffs", [1, 5, 10], "must contain 20"),
        ("sasrec.dropout", 1, "< 1"),
        ("sasrec.l2", [-1], ">= 0"),
        ("sasrec.metric", "MRR@20", "matches"),
        ("lora.rank", 0, ">= 1"),
        ("lora.dropout", -0.1, ">= 0"),
        ("tuning.learning_rate", 0, "> 0"),
        ("tuning.learning_rate", 2, "<= 1"),
        ("tuning.learning_rate", "1e-4", "YAML reads 1.0e-4 as a number"),
        ("tuning.epochs", 0, ">= 1"),
        ("tuning.epochs", 2.5, "a whole number"),
        ("tuning.gradient_clip", 0, "> 0"),
        ("tuning.share_prompt", "yes", "true or false"),
        ("soft.alphas", [0], "> 0"),
        ("soft.alphas", [1, 1.0], "no entry may come twice"),
        ("generation.beams", 0, ">= 1"),
        ("llms.tiny.vocabulary", 100, ">= 300"),
    ],
)
def test_a_value_out_of_range_is_refused(checked: Checked, key: str, value: Any, wanted: str) -> None:
    """The key and what is allowed are named."""
    lines = lines_about(changed(checked("demo"), key, value))
    assert any(line.startswith(f"x.yaml: {key}") and wanted in line for line in lines), lines
