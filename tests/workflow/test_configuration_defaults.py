"""Each value of the configuration has one place: the schema and paper.yaml agree, other files state what differs."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from lib.config import loading
from places import ROOT
from tools import configuration_page

NAMED = ("run", "datasets", "llms")
BEYOND = ("gru4rec", "simpo", "label_smoothing")  # sections of rows that the paper does not have
OTHERS = ("demo", "figure6", "controls", "evidence", "laptop", "one-gpu", "one-gpu-games")


def written(name: str) -> dict[str, Any]:
    """A shipped file as it is written."""
    return yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())


def saved(config: Mapping[str, Any], folder: Path) -> Path:
    """A configuration as a file."""
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(dict(config), sort_keys=False))
    return path


def loaded(path: Path) -> dict[str, Any]:
    """A file with its defaults, without the sections of rows that the paper does not have."""
    return {key: value for key, value in loading.load(path).items() if key not in BEYOND}


def leaves(value: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    """Each key without keys below it, by its dotted path."""
    for key, part in value.items():
        if isinstance(part, Mapping):
            yield from leaves(part, f"{place}{key}.")
        else:
            yield place + key, part


def test_paper_yaml_spells_out_every_key() -> None:
    """It is the place where each value is explained, so no default is left to be filled in."""
    assert written("paper") == loaded(ROOT / "config/paper.yaml")


def test_defaults_are_the_papers_values(tmp_path: Path) -> None:
    """paper.yaml with its run, data sets and models alone is paper.yaml: the schema and the file cannot drift apart."""
    paper = written("paper")
    assert loaded(saved({key: paper[key] for key in NAMED}, tmp_path)) == paper


def test_keys_inside_the_papers_data_sets_and_model_have_its_values_too(tmp_path: Path) -> None:
    """Files of the paper's categories, the batch size but for Movie's, precision, kernels, revision and access."""
    paper = written("paper")
    bare = {key: paper[key] for key in NAMED}
    for dataset in bare["datasets"].values():
        dataset["source"] = {key: dataset["source"][key] for key in ("kind", "category")}
        if dataset["global_batch_size"] == 256:
            del dataset["global_batch_size"]
    for key in ("precision", "kernels", "revision", "allow_http"):
        del bare["llms"]["llama"][key]
    assert loaded(saved(bare, tmp_path)) == written("paper")


@pytest.mark.parametrize("name", OTHERS)
def test_another_file_states_only_what_differs(name: str) -> None:
    """A value that is the paper's would be a second place for one number."""
    paper = dict(leaves(written("paper")))
    own = {key: part for key, part in written(name).items() if key not in NAMED}
    assert [key for key, value in leaves(own) if paper[key] == value] == []


def lines(text: str) -> int:
    """Lines that say something."""
    return len([line for line in text.splitlines() if line.strip() and not line.startswith("#")])


def test_figure6_is_ten_lines() -> None:
    """One data set, one model, five methods, one seed, one sample, one rank."""
    assert lines((ROOT / "config/figure6.yaml").read_text()) <= 10


def test_a_data_set_of_ones_own_with_another_model_takes_25_lines(tmp_path: Path) -> None:
    """The example of docs/configuration.md passes the check."""
    path = tmp_path / "mine.yaml"
    path.write_text(configuration_page.EXAMPLE)
    config = loading.load(path)
    assert config["tuning"] == written("paper")["tuning"]
    assert lines(configuration_page.EXAMPLE) <= 25


def test_the_page_of_the_configuration_is_that_of_the_schema() -> None:
    """Otherwise: `make pages`."""
    schema = yaml.safe_load(configuration_page.SCHEMA.read_text())
    assert configuration_page.PAGE.read_text() == configuration_page.page(schema)


def test_an_optional_mapping_has_no_required_keys_on_the_page() -> None:
    """`expected` may be left out; `words` may not; `source` says its kinds in tables of its own."""
    schema = yaml.safe_load(configuration_page.SCHEMA.read_text())
    found = {line[0]: line[1] for line in configuration_page.rows(schema["$defs"]["dataset"], schema)}
    assert found["`expected.users`"] == ""
    assert found["`words.item`"] == found["`source`"] == "required"
    assert found["`global_batch_size`"] == "`256`"
