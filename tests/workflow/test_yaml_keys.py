"""A key that stands twice in a YAML file is found, wherever it stands."""

from pathlib import Path

import pytest

from lib.config import configuration, yaml_keys
from places import ROOT

TWICE = """\
seeds: [1]
tuning:
  epochs: 2
  rate: 1
  epochs: 9
datasets:
  - {label: a, label: b}
seeds: [7]
"seeds": [8]
"""


def test_keys_that_stand_twice_are_found_by_line(tmp_path: Path) -> None:
    """In the order of the file from the inside out; a quoted key is the same key. YAML itself keeps the last."""
    (tmp_path / "a.yaml").write_text(TWICE)
    assert yaml_keys.problems(tmp_path / "a.yaml") == [
        "tuning.epochs stands twice, in lines 3 and 5: keep one",
        "datasets[0].label stands twice, in lines 7 and 7: keep one",
        "seeds stands 3 times, in lines 1, 8 and 9: keep one",
    ]


def test_json_with_a_key_twice(tmp_path: Path) -> None:
    """Indented by tabs, which YAML does not take: at any depth, and nothing where a name stands in two objects."""
    path = tmp_path / "mine.json"
    path.write_text('{\n\t"seeds": [1],\n\t"a": {"x": 1, "y": {"x": 2, "x": 3}},\n\t"seeds": [2]\n}')
    assert yaml_keys.problems(path) == [f"{name} stands twice in an object: keep one" for name in ("x", "seeds")]


@pytest.mark.parametrize(
    "text", ["", "- 1\n- 1\n", "a: {x: 1}\nb: {x: 1}\n", "a: &a {x: 1}\nb: {<<: *a, y: 2}\n", "a: [\n"]
)
def test_what_is_in_order_or_cannot_be_read_has_no_line(tmp_path: Path, text: str) -> None:
    """Nothing, a list, one name in two places, an anchor; what does not parse is another's to refuse."""
    (tmp_path / "a.yaml").write_text(text)
    assert yaml_keys.problems(tmp_path / "a.yaml") == []
    assert yaml_keys.problems(tmp_path / "b.yaml") == []


@pytest.mark.parametrize("arguments", [["-n", "--profile", "{}"], ["--profile={}", "-n"]])
def test_the_profile_is_looked_at_too(tmp_path: Path, arguments: list[str]) -> None:
    """Its file has a name that Snakemake gives it; a profile elsewhere is Snakemake's to find."""
    (tmp_path / "config.yaml").write_text("set-threads:\n  tune_sft: 1\n  tune_sft: 2\n")
    named = [word.format(tmp_path) for word in arguments]
    with pytest.raises(
        configuration.ConfigError, match=r"config.yaml: set-threads.tune_sft stands twice, in lines 2 and 3"
    ):
        configuration.require_no_key_twice([], named)
    configuration.require_no_key_twice([], ["--profile", "elsewhere"])


@pytest.mark.parametrize("names", configuration.LISTS)
def test_an_option_with_a_list_is_given_once(names: tuple[str, ...]) -> None:
    """Snakemake keeps the last list alone, as its parser shows; so a second option is refused, by either name."""
    from snakemake.cli import get_argument_parser

    (action,) = [found for found in get_argument_parser()._actions if names[0] in found.option_strings]
    assert (set(names) <= set(action.option_strings), action.nargs in ("*", "+")) == (True, True)
    once = ["-n", names[-1], "a=1", "b=2", "--profile", "profiles/demo"]
    configuration.require_options_once(once)
    for again in ([names[0], "c=3"], [f"{names[0]}=c=3"]):
        with pytest.raises(
            configuration.ConfigError, match=f"^{names[0]} is given more than once, .* one {names[0]}.$"
        ):
            configuration.require_options_once([*once, *again])


@pytest.mark.parametrize(
    "file", sorted(path.relative_to(ROOT) for path in (*ROOT.glob("config/*.yaml"), *ROOT.glob("profiles/*/*.yaml")))
)
def test_no_shipped_file_has_a_key_twice(file: Path) -> None:
    """Configurations and profiles."""
    assert yaml_keys.problems(ROOT / file) == []
