"""A base model's folder that says something that a library would drop, follow, or trip over much later."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from broken_weights import reconfigure, refused, rewrite
from common.errors import SoftrecError
from softrec.io.weights import require_finite, stored
from softrec.llm import language_model
from softrec.llm.language_model import LanguageModel, LoraSettings, load

NewLlm = Callable[[], LanguageModel]


@pytest.fixture
def folder(llm_folder: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model to break."""
    return Path(shutil.copytree(llm_folder, tmp_path / "llm"))


@pytest.mark.parametrize("name", ["config.json", "generation_config.json", "tokenizer_config.json"])
@pytest.mark.parametrize(
    ("text", "said"), [("{oops", "is not JSON"), ("[]", r"holds \[\]"), ("[" * 100_000, "nests values too deep")]
)
def test_files_that_hold_no_object(folder: Path, name: str, text: str, said: str) -> None:
    """A broken generation_config.json was dropped, and with it the tokens that end a text."""
    (folder / name).write_text(text)
    assert refused(folder, said).where == str(folder / name)


@pytest.mark.parametrize(
    ("file", "key", "value", "said"),
    [
        ("config.json", "hidden_size", "32", "hidden_size"),
        ("config.json", "max_position_embeddings", None, "max_position_embeddings"),
        ("config.json", "max_position_embeddings", -5, "max_position_embeddings -5"),
        ("config.json", "num_attention_heads", 0, "num_attention_heads 0, not a whole number from 1 to"),
        ("config.json", "pad_token_id", 10_000, "pad_token_id 10000, but there are 400 tokens"),
        ("config.json", "dtype", "foo", "dtype 'foo', which is not a dtype of torch"),
        ("config.json", "model_type", "no-such-model", "no-such-model"),
        ("config.json", "quantization_config", {"load_in_8bit": True}, "quantised"),
        ("config.json", "rope_parameters", {"rope_theta": 0.0, "rope_type": "default"}, "not finite"),
        ("generation_config.json", "eos_token_id", ["x", 2], "eos_token_id 'x'"),
        ("generation_config.json", "eos_token_id", 10**6, "eos_token_id 1000000"),
        ("tokenizer_config.json", "model_max_length", "x", "model_max_length"),
    ],
)
def test_values_that_no_model_can_have(folder: Path, file: str, key: str, value: object, said: str) -> None:
    """Each is refused when the model is loaded, by the file or by the folder."""
    reconfigure(folder, file, **{key: value})
    assert re.search(said, refused(folder, said).what)


def test_tokens_by_chance(folder: Path) -> None:
    """BPE with dropout cuts the same text otherwise each time."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["model"]["dropout"] = 0.9
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert refused(folder, "tokenizer.json has dropout 0.9").where == str(folder / "tokenizer.json")


def test_weights_that_are_no_numbers(folder: Path) -> None:
    """A NaN in one of them, and integers: both were taken, and gave embeddings of NaN, or others."""
    file, name = folder / "model.safetensors", "model.norm.weight"
    rewrite(file, lambda weights: weights | {name: torch.full_like(weights[name], torch.nan)})
    refused(folder, f"{name} with values that are not finite")
    rewrite(file, lambda weights: weights | {name: torch.ones_like(weights[name], dtype=torch.int8)})
    assert refused(folder, f"holds {name} in I8").where == str(file)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_one_number_among_many(dtype: torch.dtype, value: float) -> None:
    """One of 100,000 in the middle: extremes tell, whatever the others are."""
    weight = torch.randn(100, 1000).to(dtype)
    require_finite({"w": weight}, "here", "none")
    weight[50, 500] = value
    with pytest.raises(SoftrecError, match="here holds w with values that are not finite"):
        require_finite({"w": weight}, "here", "none")


def test_an_index_beside_a_whole_file(folder: Path) -> None:
    """It is left over from a model in parts: the whole file is what is read."""
    index = {"weight_map": {"a": "model-00001-of-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert load(folder, "bigrec", "fp32").context > 0


def test_weights_outside_the_folder(folder: Path) -> None:
    """An index may not lead out of what is digested."""
    weights = folder / "model.safetensors"
    shutil.move(weights, folder.parent / "out.safetensors")
    index = {"metadata": {}, "weight_map": {"model.norm.weight": "../out.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    refused(folder, r"places model\.norm\.weight in '\.\./out\.safetensors'")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": []}))
    place = folder / "model.safetensors.index.json"
    assert refused(folder, r"has \[\] as its weight_map, not an object").where == str(place)


@pytest.mark.parametrize("wish", ["eager", "flex_attention", "somebody/kernels"])
def test_attention_is_softrecs_choice(folder: Path, wish: str) -> None:
    """Whatever the folder would rather have: branches need masks of their own, and no kernel is fetched."""
    reconfigure(folder, _attn_implementation=wish)
    assert load(folder, "bigrec", "fp32").model.config._attn_implementation == "causal_sdpa"


def test_a_window_limits_the_context(folder: Path, new_llm: NewLlm) -> None:
    """Attention of a layer may reach less far than positions do; a model without windows has its positions."""
    llm = new_llm()
    positions = llm.context
    llm.causal.config.sliding_window = 7
    assert (positions > 7, llm.context) == (True, 7)
    llm.causal.config.use_sliding_window = False
    assert llm.context == positions


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (["q_proj", "v_porj"], "'v_porj'; the closest are v_proj"),
        (["all-linear", "q_proj"], "'all-linear'"),
        (["rotary_emb"], "'rotary_emb'"),
        (["proj"], "'proj'"),
    ],
)
def test_targets_that_name_no_layer(new_llm: NewLlm, targets: list[str], said: str) -> None:
    """PEFT tuned those that it knew, and said nothing about the others."""
    with pytest.raises(SoftrecError, match=said) as caught:
        language_model.attach_lora(new_llm(), LoraSettings(4, 8, 0.0, targets), seed=1)
    assert caught.value.where == "lora.targets"


def test_targets_by_name_and_by_path(new_llm: NewLlm) -> None:
    """A layer's name, with or without the block that it stands in."""
    llm = language_model.attach_lora(new_llm(), LoraSettings(4, 8, 0.0, ["q_proj", "mlp.up_proj"]), seed=1)
    tuned = {name.split(".lora_")[0].rpartition(".")[2] for name in language_model.adapter_state(llm)}
    assert tuned == {"q_proj", "up_proj"}


def test_an_adapter_in_a_base_models_folder(folder: Path) -> None:
    """Transformers would put it on the model, and tuning, distances and rows would be those of another base."""
    (folder / "adapter_config.json").write_text("{}")
    assert "merge" in refused(folder, "adapter_config.json belongs to an adapter").remedy


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_numbers_that_json_does_not_have(folder: Path, number: str) -> None:
    """A norm's eps of NaN makes every answer one of NaN."""
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(re.sub(r'"rms_norm_eps": [^,]+', f'"rms_norm_eps": {number}', text))
    error = refused(folder, f"config.json is not JSON: {number} is not a finite number")
    assert error.where == str(folder / "config.json")


def test_more_layers_than_there_are_weights_of(folder: Path) -> None:
    """All 1,000 layers would be built before the first one is missed."""
    reconfigure(folder, num_hidden_layers=1000)
    there = len({int(name.split(".")[2]) for name in stored(folder) if name.startswith("model.layers.")})
    error = refused(folder, f"num_hidden_layers 1000, but there are weights of {there} layers\n")
    assert error.where == str(folder / "config.json")


def test_a_tokeniser_that_writes_nothing(folder: Path) -> None:
    """Every title and prompt would be the empty one, and every answer as near to all items."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["normalizer"] = {"type": "Replace", "pattern": {"Regex": r"[\s\S]"}, "content": ""}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert refused(folder, "encodes and decodes 'A title of 1984' to ''").where == str(folder / "tokenizer.json")
