"""Every problem of a configuration is found at once and told in one line."""

from pathlib import Path
from typing import Any

import pytest

from lib.config import configuration
from lib.config.configuration import ConfigError

SCHEMA = """
$schema: https://json-schema.org/draft/2020-12/schema
type: object
additionalProperties: false
required: [run, seeds]
properties:
  run: {type: string}
  seeds: {type: array, items: {type: integer, minimum: 0}, minItems: 1, uniqueItems: true}
  fit:
    type: object
    additionalProperties: false
    default: {}
    properties:
      rate: {type: number, exclusiveMinimum: 0, maximum: 1, default: 0.1}
      since: {type: [integer, "null"], default: null}
      mode: {enum: [best, last], default: best}
      rows: {anyOf: [{type: integer, minimum: 1}, {const: all}], default: all}
  sources:
    type: object
    additionalProperties: {$ref: "#/$defs/source"}
$defs:
  source:
    type: object
    required: [kind]
    properties: {kind: {enum: [wheel, folder]}}
    allOf:
      - {if: {required: [kind], properties: {kind: {const: wheel}}}, then: {$ref: "#/$defs/wheel"}}
      - {if: {required: [kind], properties: {kind: {const: folder}}}, then: {$ref: "#/$defs/folder"}}
  wheel:
    additionalProperties: false
    required: [package]
    properties: {kind: {}, package: {type: string}, sha256: {type: [string, "null"], default: null}}
  folder:
    additionalProperties: false
    required: [path]
    properties: {kind: {}, path: {type: string}}
"""


@pytest.fixture
def schema(tmp_path: Path) -> str:
    """The path of a small schema with nesting, a reference and a choice of kinds."""
    path = tmp_path / "schema.yaml"
    path.write_text(SCHEMA)
    return str(path)


def problems(schema: str, **config: Any) -> list[str]:
    """The lines about a configuration that is right but for `config`."""
    with pytest.raises(ConfigError) as caught:
        configuration.check({"run": "demo", "seeds": [1], **config}, schema, "demo.yaml")
    return str(caught.value).splitlines()


def test_defaults_are_filled_in_at_every_depth(schema: str) -> None:
    """`fit` has the default {}, whose keys have defaults of their own, null among them; a wheel's through its kind."""
    config = {"run": "demo", "seeds": [1], "sources": {"a": {"kind": "wheel", "package": "p"}}}
    configuration.check(config, schema, "demo.yaml")
    assert config["fit"] == {"rate": 0.1, "since": None, "mode": "best", "rows": "all"}
    assert config["sources"] == {"a": {"kind": "wheel", "package": "p", "sha256": None}}


def test_a_value_that_is_given_stays(schema: str) -> None:
    """A default never replaces a value."""
    config = {"run": "demo", "seeds": [1], "fit": {"rate": 0.5, "since": 3}}
    configuration.check(config, schema, "demo.yaml")
    assert config["fit"] == {"rate": 0.5, "since": 3, "mode": "best", "rows": "all"}


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({"seads": [2]}, "seads is [2], but there is no such key; did you mean 'seeds'?"),
        ({"fit": {"rat": 1}}, "fit.rat is 1, but there is no such key; did you mean 'rate'?"),
        ({"fit": {"xyz": 1}}, "fit.xyz is 1, but there is no such key; known are mode, rate, rows, since"),
        ({"fit": {"rate": 0}}, "fit.rate is 0; it must be a number > 0 and <= 1"),
        ({"fit": {"rate": 1.5}}, "fit.rate is 1.5; it must be a number > 0 and <= 1"),
        ({"fit": {"mode": "lats"}}, "fit.mode is 'lats'; it must be 'best' or 'last'; did you mean 'last'?"),
        ({"fit": {"rows": 0}}, "fit.rows is 0; it must be a whole number >= 1 or 'all'"),
        ({"fit": {"since": "x"}}, "fit.since is 'x'; it must be a whole number or null"),
        ({"fit": 3}, "fit is 3; it must be a mapping of keys"),
        ({"seeds": [1, -1]}, "seeds[1] is -1; it must be a whole number >= 0"),
        ({"seeds": [1, 1]}, "seeds is [1, 1]; no entry may come twice"),
        ({"seeds": []}, "seeds is []; it must be a list with 1 or more entries, each a whole number >= 0"),
        ({"seeds": [True]}, "seeds[0] is true; it must be a whole number >= 0"),
        ({"seeds": ["1"]}, "seeds[0] is '1'; it must be a whole number >= 0; it is text here: drop the quotes"),
        (
            {"fit": {"rate": "1e-4"}},
            "fit.rate is '1e-4'; it must be a number > 0 and <= 1; "
            "it is text here: YAML reads 1.0e-4 as a number, 1e-4 as text",
        ),
        ({1: 2}, "1 has a name that YAML does not read as text: write it in quotes"),
        ({"sources": {"a": {"kind": "wheel"}}}, "sources.a.package is missing; it must be text"),
        ({"sources": {"a": {}}}, "sources.a.kind is missing; it must be 'wheel' or 'folder'"),
        (
            {"sources": {"a": {"kind": "foldre", "path": "x"}}},
            "sources.a.kind is 'foldre'; it must be 'wheel' or 'folder'; did you mean 'folder'?",
        ),
        (
            {"sources": {"a": {"kind": "folder", "path": "x", "pakage": "p"}}},
            "sources.a.pakage is 'p', but there is no such key; known are kind, path",
        ),
    ],
)
def test_one_problem_is_one_line(schema: str, config: dict[Any, Any], line: str) -> None:
    """The dotted key, its value, what is allowed, and the word that was meant."""
    given = {"run": "demo", "seeds": [1], **config}
    with pytest.raises(ConfigError) as caught:
        configuration.check(given, schema, "demo.yaml")
    assert str(caught.value) == f"demo.yaml: {line}"


def test_all_problems_come_at_once(schema: str) -> None:
    """Three faults, three lines: nobody has to run four times."""
    lines = problems(schema, run=5, fit={"rate": 2, "modus": "best"})
    assert [line.split(": ", 1)[1].split(" is ")[0] for line in lines] == ["fit.modus", "fit.rate", "run"]


def test_a_missing_key_is_named_with_what_it_must_be(schema: str) -> None:
    """Both required keys of an empty configuration."""
    with pytest.raises(ConfigError) as caught:
        configuration.check({}, schema, "demo.yaml")
    assert str(caught.value).splitlines() == [
        "demo.yaml: run is missing; it must be text",
        "demo.yaml: seeds is missing; it must be a list with 1 or more entries, each a whole number >= 0",
    ]


def test_retype_reads_again_what_the_command_line_gave() -> None:
    """From `--config 'seeds=[1, 2]' 'fit={rate: 1e-4, since: null, on: true}'`; text that a file gave stays text."""
    given = {"seeds": ["1", "2"], "fit": {"rate": "1e-4", "since": "null", "on": "true"}, "run": "a-1"}
    config = {**given, "fit": {**given["fit"], "version": "1.0"}, "label": "7"}
    configuration.retype(config, given)
    assert config == {
        "run": "a-1",
        "seeds": [1, 2],
        "fit": {"rate": 0.0001, "since": None, "on": True, "version": "1.0"},
        "label": "7",
    }


def test_a_key_with_a_line_break_is_one_line(schema: str) -> None:
    """It is quoted, so that what it says is not taken for a line of ours."""
    with pytest.raises(ConfigError) as caught:
        configuration.check({"run": "demo", "seeds": [1], "x\nmine.yaml: y": 1}, schema, "mine.yaml")
    assert str(caught.value).startswith(r"mine.yaml: 'x\nmine.yaml: y' is 1, but there is no such key")
