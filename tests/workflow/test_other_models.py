"""A language model of another architecture, or with a chat template: which slices change, and what is refused early."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from safetensors.numpy import save_file

from lib.config import configuration, cross_checks
from lib.config.loading import SCHEMA
from lib.preflight import own_files
from lib.slices import Slices
from places import ROOT

Checked = Callable[[str], dict[str, Any]]


BLOCKS = [block.split("```")[0] for block in (ROOT / "docs/models.md").read_text().split("```yaml\n")[1:]]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_blocks_of_the_page_are_configurations(checked: Checked, block: str) -> None:
    """Each fits into the paper's configuration, and so does each model behind "or:"."""
    config, written = checked("paper"), yaml.safe_load(block)
    config["datasets"]["game"] |= written.get("datasets", {}).get("game", {})
    for key in ("lora", "tuning"):
        config[key] |= written.get(key, {})
    others = [yaml.safe_load(line.split("or:")[1]) for line in block.splitlines() if "or:" in line]
    config["llms"] |= written.get("llms", {}) | {f"other{i}": llm for i, llm in enumerate(others)}
    configuration.check(config, str(SCHEMA), "docs/models.md", cross_checks.problems)


def slices_of(config: dict[str, Any]) -> list[str]:
    """The slices of all jobs that run a data set's language model."""
    made = Slices(config)
    return [
        made.predict("game", "bigrec"),
        made.predict("game", "llara"),
        made.tune("soft", "game", "bigrec", "1", "1"),
        made.initial_distance("game", "bigrec", "1"),
        made.titles("game"),
        made.cot("game"),
    ]


def test_a_chat_template_is_in_the_slices_of_prompts_if_it_is_on(checked: Checked) -> None:
    """Off or left out, every slice is the same text as without the key; on, those of prompts have it.

    Titles are embedded without a template, and LLM-CF's chains of thought follow a worked example without one.
    """
    without = slices_of(checked("paper"))
    assert not any("chat_template" in text for text in without)
    off, on = checked("paper"), checked("paper")
    off["llms"]["llama"]["chat_template"] = False
    on["llms"]["llama"]["chat_template"] = True
    configuration.check(on, str(SCHEMA), "x.yaml", cross_checks.problems)
    assert slices_of(off) == without
    assert ["chat_template" in text for text in slices_of(on)] == [True] * 4 + [False] * 2
    assert json.loads(slices_of(on)[0])["chat_template"] is True


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a Qwen2 in it, as far as a plan looks."""
    (tmp_path / "config.json").write_text('{"model_type": "qwen2"}')
    save_file({"a": np.zeros(3, np.float32)}, tmp_path / "model.safetensors")
    return tmp_path


def problems(folder: Path, **more: Any) -> list[str]:
    """What is said about the model in a folder before the plan."""
    return own_files.problems({"mine": {"kind": "path", "folder": str(folder), **more}}, {})


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"model_type": "granite"}, "model_type 'granite', which is not tested: use a model of the type gemma, gemma2"),
        ({"model_type": "gemma3"}, "model_type 'gemma3'"),
        ({"model_type": "gemma3_text", "use_bidirectional_attention": True}, "encodes texts and generates none"),
    ],
)
def test_an_architecture_that_is_not_tested_is_refused_before_the_plan(
    folder: Path, config: dict[str, Any], words: str
) -> None:
    """By config.json alone, with the key of the folder and the architectures that there are."""
    assert problems(folder) == []
    (folder / "config.json").write_text(json.dumps(config))
    (said,) = problems(folder)
    assert said.startswith("llms.mine.folder is ")
    assert words in said
    assert "qwen3 or smollm3" in said


def test_a_folder_without_a_chat_template(folder: Path) -> None:
    """It is asked for only if the key says so, and found in either of the two places that transformers has."""
    (said,) = problems(folder, chat_template=True)
    assert said.startswith("llms.mine.chat_template is true, but ")
    assert problems(folder, chat_template=False) == []
    (folder / "tokenizer_config.json").write_text('{"chat_template": "{{ messages }}"}')
    assert problems(folder, chat_template=True) == []
    (folder / "tokenizer_config.json").write_text("{}")
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    assert problems(folder, chat_template=True) == []


def test_a_tiny_model_has_no_chat_template(checked: Checked) -> None:
    """Its tokeniser is made by this workflow, without one."""
    config = checked("demo")
    config["llms"]["tiny"]["chat_template"] = True
    with pytest.raises(configuration.ConfigError, match=r"llms\.tiny.*chat_template"):
        configuration.check(config, str(SCHEMA), "x.yaml", cross_checks.problems)
