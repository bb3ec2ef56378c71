"""Parameters by config.json are transformers' own counts, on the meta device at the true sizes of published models."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.numpy import save_file
from transformers import AutoModelForCausalLM
from transformers.models.auto import CONFIG_MAPPING

from lib.cost import disk
from lib.cost.model_shapes import Shape, shape_of
from lib.cost.sizes import Left, Sizes, weights_of

# Vocabulary, width, width of the MLP, layers, heads, heads of keys, and what else differs from its class's defaults.
PUBLISHED: dict[str, tuple[str, tuple[int, ...], dict[str, Any]]] = {
    "Qwen2.5-0.5B": ("qwen2", (151936, 896, 4864, 24, 14, 2), {"tie_word_embeddings": True}),
    "Qwen2.5-1.5B": ("qwen2", (151936, 1536, 8960, 28, 12, 2), {"tie_word_embeddings": True}),
    "Qwen2.5-7B": ("qwen2", (152064, 3584, 18944, 28, 28, 4), {}),
    "Llama-3.2-1B": ("llama", (128256, 2048, 8192, 16, 32, 8), {"head_dim": 64, "tie_word_embeddings": True}),
    "SmolLM2-135M": ("llama", (49152, 576, 1536, 30, 9, 3), {"tie_word_embeddings": True}),
    "SmolLM2-1.7B": ("llama", (49152, 2048, 8192, 24, 32, 32), {"tie_word_embeddings": True}),
    "gemma-2b": ("gemma", (256000, 2048, 16384, 18, 8, 1), {"head_dim": 256}),
    "gemma-2-2b": ("gemma2", (256000, 2304, 9216, 26, 8, 4), {"head_dim": 256}),
    "gemma-3-1b-pt": ("gemma3_text", (262144, 1152, 6912, 26, 4, 1), {"head_dim": 256}),
    "Qwen3-0.6B": ("qwen3", (151936, 1024, 3072, 28, 16, 8), {"head_dim": 128, "tie_word_embeddings": True}),
    "Mistral-7B-v0.3": ("mistral", (32768, 4096, 14336, 32, 32, 8), {}),
    "OLMo-2-0425-1B": ("olmo2", (100352, 2048, 8192, 16, 16, 16), {}),
    "SmolLM3-3B": ("smollm3", (128256, 2048, 11008, 36, 16, 4), {}),
}
KEYS = (
    "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
)  # fmt: skip
each = pytest.mark.parametrize("name", list(PUBLISHED))


def described(name: str) -> tuple[Any, Shape, Any]:
    """A published model's configuration, the shape that its config.json states, and the model without memory."""
    kind, sizes, more = PUBLISHED[name]
    config = CONFIG_MAPPING[kind](**dict(zip(KEYS, sizes, strict=True)), **more)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    return config, shape_of(json.loads(config.to_json_string())), model


@each
def test_parameters_are_those_of_transformers(name: str) -> None:
    """Biases, norms, tied output layers, and heads whose widths do not sum to the model's."""
    _, shape, model = described(name)
    assert shape.parameters == sum(p.numel() for p in model.parameters())


@each
@pytest.mark.parametrize(
    "targets",
    [["all-linear"], ["q_proj", "v_proj"], r"model\.layers\.\d+\.mlp\.(up|down)_proj", ["layers.3.mlp.up_proj"]],
)
def test_adapters_are_those_of_peft(name: str, targets: list[str] | str) -> None:
    """Rank 8: eight times inputs plus outputs of the layers that PEFT finds."""
    _, shape, model = described(name)
    found = "all-linear" if targets == ["all-linear"] else targets
    with torch.device("meta"):
        tuned = get_peft_model(model, LoraConfig(r=8, target_modules=found, task_type="CAUSAL_LM"))
    assert 8 * shape.adapted(targets) == sum(p.numel() for p in tuned.parameters() if p.requires_grad)


def test_a_folder_has_the_sizes_that_its_files_state(tmp_path: Path, checked: Callable[[str], dict[str, Any]]) -> None:
    """Gemma 3's width is 1,152, its keys are 256 wide (one head), and a stored copy of the tied output layer is none.

    By hand, with rank 8 on q (1,152 to 4 x 256) and v (1,152 to 256) of 26 layers: 8 x 26 x (2,176 + 1,408) numbers.
    A title's embedding is 1,152 numbers.
    """
    config, shape, _ = described("gemma-3-1b-pt")
    (tmp_path / "config.json").write_text(config.to_json_string())
    settings = checked("paper")
    settings["llms"]["llama"] = {"kind": "path", "folder": str(tmp_path), "precision": "bf16"}
    sizes = Sizes(settings, Left("tune_sft", "results/paper/benchmarks/game/bigrec/sft/seed=1/tune.tsv"))
    assert (sizes.width, sizes.layers, sizes.llm.keys) == (1152, 26, 256)
    assert disk.adapter(sizes) == 8 * 26 * (1152 + 1024 + 1152 + 256)
    titles = Left("encode_titles", "results/paper/benchmarks/game/encode_titles.tsv")
    assert disk.written(titles, settings) == 5335 * 1152 * 4
    assert weights_of(settings["llms"]["llama"]) == 0  # nothing is stored
    save_file({"a": np.zeros(10, np.float16)}, tmp_path / "model.safetensors")
    assert weights_of(settings["llms"]["llama"]) == 10
    header = json.dumps({"a": {"dtype": "BF16", "shape": [shape.parameters + 5], "data_offsets": [0, 0]}}).encode()
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    assert weights_of(settings["llms"]["llama"]) == 999_885_952


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model_type": "llama"}', '{"hidden_size": "wide"}'])
def test_a_config_without_sizes_is_no_shape(
    tmp_path: Path, text: str, checked: Callable[[str], dict[str, Any]]
) -> None:
    """Then sizes are guessed from the number of weights, as for a model on the hub."""
    (tmp_path / "config.json").write_text(text)
    settings = checked("paper")
    settings["llms"]["llama"] = {"kind": "path", "folder": str(tmp_path), "precision": "bf16", "parameters": 3.21e9}
    assert Sizes(settings, Left("encode_titles", "results/paper/benchmarks/game/x.tsv")).width == pytest.approx(3072)
