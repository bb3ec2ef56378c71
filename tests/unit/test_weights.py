"""Weights that a file lacks, has too many of or in other shapes: refused, in a sentence that names the first."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from run_script import run_script
from safetensors.torch import load_file, save_file
from softrec import files
from softrec.errors import SoftrecError
from softrec.generation import GenerationSettings
from softrec.language_model import (
    LanguageModel,
    LoraSettings,
    attach_lora,
    load,
    save_adapter,
)
from softrec.prompts import Words
from softrec.recommender import RecommenderSettings, open_recommender, wrap
from softrec.samples import Items

NewLlm = Callable[[], LanguageModel]
UP = "model.layers.0.mlp.up_proj.weight"
LORA = LoraSettings(4, 8, 0.0, ["q_proj", "v_proj"])


@pytest.fixture
def base(llm_folder: Path) -> Path:
    """The tiny model as a transformers folder, whole."""
    return llm_folder


@pytest.fixture
def folder(base: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(base, tmp_path / "llm"))


def rewrite(file: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> None:
    """Save other weights in a safetensors file."""
    save_file(change(load_file(file)), file, metadata={"format": "pt"})


def reconfigure(folder: Path, name: str = "config.json", **changes: object) -> None:
    """Change keys of a folder's JSON file."""
    path = folder / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def without(*names: str) -> Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]:
    """All weights but these."""
    return lambda weights: {name: value for name, value in weights.items() if name not in names}


def refused(folder: Path, sentence: str, adapter: Path | None = None, backbone: str = "bigrec") -> SoftrecError:
    """The error with which a model, or an adapter on top of it, is refused."""
    with pytest.raises(SoftrecError, match=sentence) as caught:
        load(folder, backbone, "fp32", adapter)
    assert str(adapter or folder) in caught.value.what
    assert caught.value.remedy
    return caught.value


def test_a_missing_weight_is_named(folder: Path) -> None:
    """One left out; and of two the first in the model's order, with how many more there are."""
    rewrite(folder / "model.safetensors", without(UP))
    error = refused(folder, f"lacks the weight {UP} of its LlamaForCausalLM")
    assert "more" not in error.what
    assert error.where == "model.safetensors"
    rewrite(folder / "model.safetensors", without(UP, "model.norm.weight", "model.embed_tokens.weight"))
    refused(folder, r"lacks the weight model\.embed_tokens\.weight and 3 more")  # the tied head is among them


def test_weights_under_other_names_are_missing(folder: Path) -> None:
    """Saved from a compiled model, every name begins with `_orig_mod.`: both kinds of names stand in the sentence."""
    rewrite(
        folder / "model.safetensors", lambda weights: {f"_orig_mod.{name}": value for name, value in weights.items()}
    )
    sentence = r"lacks the weight model\.embed_tokens\.weight and \d+ more .* has _orig_mod\..* and \d+ more instead"
    assert refused(folder, sentence).where == "model.safetensors"


def test_a_tied_head_may_be_absent_and_an_untied_one_may_not(folder: Path) -> None:
    """The tiny model ties its head to the embedding, so no file has it; untied, it would be made up."""
    assert "lm_head.weight" not in load_file(folder / "model.safetensors")
    load(folder, "bigrec", "fp32")
    reconfigure(folder, tie_word_embeddings=False)
    refused(folder, r"lacks the weight lm_head\.weight")


def test_more_layers_than_weights_and_fewer(folder: Path) -> None:
    """config.json says three layers of a file of two, or one: the first weight without a place is named."""
    reconfigure(folder, num_hidden_layers=3)
    refused(folder, r"lacks the weight model\.layers\.2\.\S+ and 8 more")
    reconfigure(folder, num_hidden_layers=1)
    error = refused(
        folder, r"holds the weight model\.layers\.1\.\S+ and 8 more, which its LlamaForCausalLM does not have"
    )
    assert error.where == str(folder / "model.safetensors")


def test_another_shape_is_named_with_both(folder: Path) -> None:
    """A vocabulary of one row more than the file has; the tokeniser fits either."""
    rows = len(load_file(folder / "model.safetensors")["model.embed_tokens.weight"])
    reconfigure(folder, vocab_size=rows + 1)
    error = refused(folder, rf"model\.embed_tokens\.weight of shape {rows} x 32, but .* of shape {rows + 1} x 32")
    assert error.where == str(folder / "model.safetensors")


def test_a_shard_that_lacks_its_weight(folder: Path, new_llm: NewLlm) -> None:
    """The index still names it: what counts is what is in the files."""
    (folder / "model.safetensors").unlink()
    new_llm().model.save_pretrained(folder, max_shard_size="40KB")
    shards = sorted(folder.glob("model-*.safetensors"))
    assert len(shards) > 1
    load(folder, "bigrec", "fp32")
    holder = next(shard for shard in shards if UP in load_file(shard))
    rewrite(holder, without(UP))
    refused(folder, f"lacks the weight {UP}")
    holder.unlink()
    refused(folder, "holds no language model")


def test_a_script_ends_with_the_sentence_and_writes_nothing(folder: Path, tmp_path: Path) -> None:
    """Status 1, no embeddings, no manifest, no traceback."""
    rewrite(folder / "model.safetensors", without(UP))
    types = {"item": "int32", "source_id": "string", "title": "string", "category": "string", "title_id": "int32"}
    rows = {"item": [1], "source_id": ["A"], "title": ["Ember 1"], "category": ["x"], "title_id": [0]}
    files.write_table(tmp_path / "catalogue.parquet", rows, types)
    settings = {"backbone": "plain", "precision": "fp32", "batch_size": 8}
    flags = {"--llm": folder, "--catalogue": tmp_path / "catalogue.parquet", "--titles": tmp_path / "out/t.npy"}
    done = run_script("encode_titles.py", settings, flags)
    assert done.returncode == 1
    assert f"error: {folder} lacks the weight {UP}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_code_of_a_models_own_is_never_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration that names a Python file of the folder: no question on the terminal, a sentence, nothing run."""
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked"))
    ran = folder / "RAN"
    (folder / "own.py").write_text(f"open({str(ran)!r}, 'w')\n\n\nclass C: pass\n\n\nclass M: pass\n")
    reconfigure(folder, model_type="own", auto_map={"AutoConfig": "own.C", "AutoModelForCausalLM": "own.M"})
    error = refused(folder, "asks for code of its own, which is never run")
    assert "trust_remote_code" not in str(error)
    assert not ran.exists()


def test_pickled_weights_are_not_taken(folder: Path) -> None:
    """`pytorch_model.bin` beside no safetensors: what is needed is said."""
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert "safetensors" in str(refused(folder, "holds no language model").remedy)


def test_tokens_without_an_embedding(folder: Path, llm: LanguageModel) -> None:
    """A padding token beyond the embedding is never used, EOS pads instead; any other one is refused."""
    rows = llm.causal.get_input_embeddings().num_embeddings
    llm.tokenizer.save_pretrained(folder)
    loaded = load(folder, "bigrec", "fp32")
    loaded.tokenizer.add_special_tokens({"pad_token": "[PAD]"})
    assert loaded.tokenizer.pad_token_id == rows
    loaded.tokenizer.save_pretrained(folder)
    again = load(folder, "bigrec", "fp32")
    assert again.pad_id == again.tokenizer.eos_token_id
    loaded.tokenizer.add_tokens(["zebra"])
    loaded.tokenizer.save_pretrained(folder)
    refused(folder, f"tokeniser in .* has 'zebra' as token {rows + 1}, the model's embedding has {rows} rows")


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    """A saved adapter: A and B for q and v in two layers, eight tensors."""
    save_adapter(attach_lora(load(base, "bigrec", "fp32"), LORA, 1), tmp_path / "adapter")
    return tmp_path / "adapter"


def test_an_adapter_lacks_a_tensor(base: Path, adapter: Path) -> None:
    """PEFT would leave B at zero and A at random, and go on."""
    file = adapter / "adapter_model.safetensors"
    first = next(name for name in load_file(file) if "layers.0" in name and "q_proj.lora_A" in name)
    rewrite(file, without(first))
    error = refused(base, f"lacks {first}", adapter)
    assert error.where == str(file)
    assert "more" not in error.what


def test_an_adapters_configuration_is_of_other_layers(base: Path, adapter: Path) -> None:
    """Of fewer than its file has, of more, of another rank, of names that the model does not have."""
    config = "adapter_config.json"
    reconfigure(adapter, config, target_modules=["q_proj"])
    error = refused(base, r"holds \S*v_proj\S* and 3 more, which the model does not have", adapter)
    assert error.where == str(adapter / "adapter_model.safetensors")
    reconfigure(adapter, config, target_modules=["q_proj", "v_proj", "k_proj"])
    refused(base, r"lacks \S*k_proj\S* and 3 more", adapter)
    reconfigure(adapter, config, target_modules=["q_proj", "v_proj"], r=2)
    refused(base, "holds no adapter that PEFT can load: .*size mismatch", adapter)
    reconfigure(adapter, config, target_modules=["other"], r=4)
    refused(base, "holds no adapter that PEFT can load", adapter)


def test_a_cut_adapter(base: Path, adapter: Path) -> None:
    """Half a file, and none."""
    file = adapter / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    cut = refused(base, "holds no adapter that PEFT can load", adapter)
    file.unlink()
    absent = refused(base, "holds no adapter that PEFT can load", adapter)
    assert cut.what != absent.what, "each says what its own fault is"


def test_llaras_projector_lacks_a_tensor(base: Path, tmp_path: Path) -> None:
    """Its file beside the adapter: a tensor left out, one too many, another width, no table, and cut."""
    items = tmp_path / "items.safetensors"
    save_file({"item.weight": torch.ones(7, 3)}, items)
    llm = attach_lora(load(base, "llara", "fp32"), LORA, 1)
    llm.backbone.begin(llm, [items], 1)
    save_adapter(llm, tmp_path / "adapter")
    load(base, "llara", "fp32", tmp_path / "adapter")
    file = tmp_path / "adapter/history.safetensors"
    whole = load_file(file)
    for name in ("projector.2.bias", "table"):
        save_file(without(name)(whole), file)
        refused(base, f"lacks {name}", tmp_path / "adapter", "llara")
    save_file({**whole, "more": torch.ones(1)}, file)
    refused(base, "holds more, which the model does not have", tmp_path / "adapter", "llara")
    save_file({**whole, "projector.0.weight": torch.ones(31, 3)}, file)
    refused(base, "of shape 31 x 3, the model has it of shape 32 x 3", tmp_path / "adapter", "llara")
    save_file({**whole, "table": torch.ones(7)}, file)
    refused(base, "holds table of shape 7, the model has it of shape 1 x 1", tmp_path / "adapter", "llara")
    save_file({**whole, "table": torch.full((7, 3), torch.nan)}, file)
    refused(base, "holds table with values that are not finite", tmp_path / "adapter", "llara")
    file.write_bytes(file.read_bytes()[:100])
    refused(base, "holds no adapter", tmp_path / "adapter", "llara")


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (torch.ones(7), r"item\.weight in .* is of shape 7, not items x width"),
        (torch.full((7, 3), torch.inf), r"holds item\.weight with values that are not finite"),
    ],
)
def test_llara_refuses_item_embeddings_that_are_none(
    base: Path, tmp_path: Path, items: torch.Tensor, said: str
) -> None:
    """One number an item; infinities; and a file that is cut."""
    file = tmp_path / "items.safetensors"
    save_file({"item.weight": items}, file)
    llm = attach_lora(load(base, "llara", "fp32"), LORA, 1)
    with pytest.raises(SoftrecError, match=said):
        llm.backbone.begin(llm, [file], 1)
    file.write_bytes(file.read_bytes()[:20])
    with pytest.raises(SoftrecError, match="holds no weights of a SASRec model"):
        llm.backbone.begin(llm, [file], 1)


@pytest.mark.parametrize("rows", [6, 8])
def test_llara_refuses_items_of_another_catalogue(base: Path, tmp_path: Path, rows: int) -> None:
    """Six items have a table of seven rows, padding included. One less would be out of bounds for the last item alone;
    one more is another data set's."""
    items = Items(["", *"abcdef"], np.array([-1, *range(6)]), list("abcdef"))
    settings = RecommenderSettings("llara", "fp32", Words("games", "game", "played"), 64, GenerationSettings(1, 4, 2))
    llm = attach_lora(load(base, "llara", "fp32"), LORA, 1)
    for count in (7, rows):
        save_file({"item.weight": torch.ones(count, 3)}, tmp_path / "items.safetensors")
        llm.backbone.begin(llm, [tmp_path / "items.safetensors"], 1)
        if count == 7:
            assert wrap(llm, items, settings).items is items
    with pytest.raises(SoftrecError, match=f"embeddings of {rows - 1} items, the catalogue has 6"):
        wrap(llm, items, settings)
    save_adapter(llm, tmp_path / "adapter")
    with pytest.raises(SoftrecError, match=f"embeddings of {rows - 1} items, the catalogue has 6"):
        open_recommender(base, items, settings, tmp_path / "adapter")
