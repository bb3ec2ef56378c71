"""Settings as JSON become dataclasses; what does not fit is named."""

import json
from dataclasses import dataclass
from typing import Literal

import pytest

from common.errors import SoftrecError
from softrec.job.settings import read_settings


@dataclass(frozen=True)
class Inner:
    """A nested part."""

    k: int


@dataclass(frozen=True)
class Outer:
    """One field of each form that settings use."""

    rate: float
    name: str
    shared: bool
    inner: Inner
    parts: list[Inner]
    fractions: tuple[float, ...]
    counts: dict[str, int] | None
    limit: int | None
    rows: int | Literal["all"]
    mode: Literal["best", "last"] = "best"


VALUES = {
    "rate": 1,
    "name": "x",
    "shared": True,
    "inner": {"k": 3},
    "parts": [{"k": 1}, {"k": 2}],
    "fractions": [0.8, 1],
    "counts": {"users": 5},
    "limit": None,
    "rows": "all",
}


def test_settings_fill_nested_dataclasses_with_the_annotated_types() -> None:
    """A whole number where a float is annotated becomes one; lists become tuples where the annotation says so."""
    settings = read_settings(json.dumps(VALUES), Outer)
    parts = [Inner(1), Inner(2)]
    assert settings == Outer(1.0, "x", True, Inner(3), parts, (0.8, 1.0), {"users": 5}, None, "all", "best")
    assert isinstance(settings.rate, float)
    assert isinstance(settings.fractions[1], float)
    assert read_settings(json.dumps({**VALUES, "rows": 7, "counts": None, "mode": "last"}), Outer).rows == 7


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rate": "1e-4"}, "Outer.rate is '1e-4', which is not float"),
        ({"rate": True}, "Outer.rate is True, which is not float"),
        ({"rate": None}, "Outer.rate is None, which is not float"),
        ({"name": 3}, "Outer.name is 3, which is not str"),
        ({"shared": 1}, "Outer.shared is 1, which is not bool"),
        ({"inner": {"k": 1.5}}, "Outer.inner.k is 1.5, which is not int"),
        ({"inner": {"k": True}}, "Outer.inner.k is True, which is not int"),
        ({"inner": 3}, "Outer.inner is 3, which is not Inner"),
        ({"parts": [{"k": 1}, {"k": "2"}]}, "Outer.parts[1].k is '2', which is not int"),
        ({"parts": {"k": 1}}, "Outer.parts is {'k': 1}, which is not list of Inner"),
        ({"fractions": [0.5, "x"]}, "Outer.fractions[1] is 'x', which is not float"),
        ({"fractions": 1}, "Outer.fractions is 1, which is not tuple of float"),
        ({"counts": 3}, "Outer.counts is 3, which is not dict of int"),
        ({"counts": {"users": 0.5}}, "Outer.counts.users is 0.5, which is not int"),
        ({"limit": "3"}, "Outer.limit is '3', which is not int"),
        ({"rows": 1.5}, "Outer.rows is 1.5, which is not int or 'all'"),
        ({"rows": "some"}, "Outer.rows is 'some', which is not int or 'all'"),
        ({"mode": "lats"}, "Outer.mode is 'lats', which is not 'best' or 'last'"),
        ({"inner": {"k": 1, "j": 2}}, "settings do not fit Outer.inner: missing nothing, unknown ['j']"),
        ({"inner": {}}, "settings do not fit Outer.inner: missing ['k'], unknown nothing"),
        ({"alpha": 1, "beta": 2}, "settings do not fit Outer: missing nothing, unknown ['alpha', 'beta']"),
    ],
)
def test_a_value_that_does_not_fit_is_named(change: dict[str, object], sentence: str) -> None:
    """The key with its path, the value, and the type that it should have had."""
    with pytest.raises(SoftrecError) as caught:
        read_settings(json.dumps({**VALUES, **change}), Outer)
    assert caught.value.what == sentence
    assert caught.value.where == "--settings"
    assert caught.value.remedy


def test_a_missing_key_is_named_unless_it_has_a_default() -> None:
    """All but `mode` are required."""
    with pytest.raises(SoftrecError, match=r"missing \['name', 'rows'\], unknown nothing"):
        read_settings(json.dumps({k: v for k, v in VALUES.items() if k not in ("name", "rows")}), Outer)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "--settings is not JSON"),
        ("3", "--settings is 3, not a JSON object"),
        ("[1]", r"--settings is \[1\], not a JSON object"),
        ("null", "--settings is None, not a JSON object"),
    ],
)
def test_settings_that_are_no_object_are_refused(text: str, sentence: str) -> None:
    """Neither text that is not JSON nor JSON that is not an object gets further."""
    with pytest.raises(SoftrecError, match=sentence):
        read_settings(text, Inner)
