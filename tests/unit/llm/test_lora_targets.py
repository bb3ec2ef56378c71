"""LoRA's targets in PEFT's spellings, on two architectures; what matches nothing is refused with the closest names."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from common.errors import SoftrecError
from random_models import maker
from softrec.llm.language_model import LanguageModel, LoraSettings, adapter_state, attach_lora, load, save_adapter


def adapted(kind: str, tokenizer: Any, targets: list[str] | str) -> set[str]:
    """The names of the layers with an adapter."""
    state = adapter_state(attach_lora(maker(kind, tokenizer)(), LoraSettings(2, 4, 0.0, targets), 1))
    return {name.removeprefix("base_model.model.model.layers.").partition(".lora_")[0] for name in state}


@pytest.mark.parametrize("kind", ["qwen2", "gemma3_text"])
@pytest.mark.parametrize(
    ("targets", "layers"),
    [
        (["q_proj"], {"0.self_attn.q_proj", "1.self_attn.q_proj", "2.self_attn.q_proj"}),
        (["layers.1.mlp.up_proj"], {"1.mlp.up_proj"}),
        (r"model\.layers\.[02]\.self_attn\.(k|o)_proj", {f"{i}.self_attn.{x}_proj" for i in (0, 2) for x in "ko"}),
        (r".*down_proj", {f"{i}.mlp.down_proj" for i in range(3)}),
    ],
)
def test_targets_are_read_as_peft_reads_them(
    kind: str, targets: list[str] | str, layers: set[str], llm: LanguageModel
) -> None:
    """A list names ends of layers' names; an expression must match the whole name, in three layers by hand."""
    assert adapted(kind, llm.tokenizer, targets) == layers


@pytest.mark.parametrize(
    ("targets", "words", "remedy"),
    [
        (["q_proj", "vproj"], r"no linear layer 'vproj'; the closest are v_proj", "all-linear alone"),
        (["query"], r"no linear layer 'query'; the closest are ", "q_proj"),
        (r"(q|v)_proj", r"matches no layer's whole name; the closest are ", "such as model.layers.0.self_attn."),
        (r".*self_attn", r"matches 'model.layers.0.self_attn', which is not a linear layer", "whole names"),
        (r".*", r"matches '', which is not a linear layer", "whole names"),
        (r".*(q_proj", r"is not a regular expression", "names of layers"),
    ],
)
def test_targets_that_match_nothing_are_refused(
    targets: list[str] | str, words: str, remedy: str, llm: LanguageModel
) -> None:
    """Before anything is trained, in one sentence with the key."""
    with pytest.raises(SoftrecError, match=words) as caught:
        attach_lora(maker("qwen2", llm.tokenizer)(), LoraSettings(2, 4, 0.0, targets), 1)
    assert caught.value.where == "lora.targets"
    assert remedy in caught.value.remedy


def test_an_adapter_by_an_expression_comes_back(llm_folder: Path, tmp_path: Path) -> None:
    """The expression stands in PEFT's file as it is, and the adapter loads."""
    tuned = attach_lora(load(llm_folder, "bigrec", "fp32"), LoraSettings(2, 4, 0.0, r".*\.[qv]_proj"), 1)
    save_adapter(tuned, tmp_path / "adapter")
    assert json.loads((tmp_path / "adapter/adapter_config.json").read_text())["target_modules"] == r".*\.[qv]_proj"
    again = load(llm_folder, "bigrec", "fp32", tmp_path / "adapter", trainable=True)
    state = adapter_state(tuned)
    assert all(torch.equal(tensor, state[name]) for name, tensor in adapter_state(again).items())
