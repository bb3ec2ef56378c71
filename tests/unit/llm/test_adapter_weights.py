"""Adapters and LLaRA's tables that lack a weight, hold others, or are of another catalogue: refused by name."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from broken_weights import reconfigure, refused, rewrite, without
from common.errors import SoftrecError
from softrec.decoding.generation import GenerationSettings
from softrec.decoding.recommender import RecommenderSettings, open_recommender, wrap
from softrec.llm.language_model import LoraSettings, attach_lora, load, save_adapter
from softrec.llm.prompts import Words
from softrec.splits.samples import Items

LORA = LoraSettings(4, 8, 0.0, ["q_proj", "v_proj"])


@pytest.fixture
def base(llm_folder: Path) -> Path:
    """The tiny model as a transformers folder, whole."""
    return llm_folder


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
    absent = refused(base, "holds no adapter: it has no adapter_model", adapter)
    assert cut.what != absent.what, "each says what its own fault is"


def test_llaras_projector_lacks_a_tensor(base: Path, tmp_path: Path) -> None:
    """Its file beside the adapter: a tensor left out, one too many, another width, no table, and cut."""
    items = tmp_path / "items.safetensors"
    save_file({"item.weight": torch.ones(7, 3)}, items)
    llm = attach_lora(load(base, "llara", "fp32"), LORA, 1)
    llm.backbone.begin(llm, [items], 1)
    save_adapter(llm, tmp_path / "adapter")
    assert len(load(base, "llara", "fp32", tmp_path / "adapter").causal.history.table) == 7
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
        (torch.ones(7), r"item\.weight in .* has shape 7, not items x width"),
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
    """Six items have a table of seven rows, padding included.

    One less would be out of bounds for the last item alone; one more is another data set's.
    """
    items = Items(["", *"abcdef"], np.array([-1, *range(6)]), list("abcdef"))
    settings = RecommenderSettings("llara", "fp32", Words("games", "game", "played"), 64, GenerationSettings(1, 4, 2))
    llm = attach_lora(load(base, "llara", "fp32"), LORA, 1)
    for count in (7, rows):
        save_file({"item.weight": torch.ones(count, 3)}, tmp_path / "items.safetensors")
        llm.backbone.begin(llm, [tmp_path / "items.safetensors"], 1)
        if count == 7:
            assert wrap(llm, items, settings).items is items
    with pytest.raises(SoftrecError, match=f"embeddings of {rows - 1} items, but the catalogue has 6"):
        wrap(llm, items, settings)
    save_adapter(llm, tmp_path / "adapter")
    with pytest.raises(SoftrecError, match=f"embeddings of {rows - 1} items, but the catalogue has 6"):
        open_recommender(base, items, settings, tmp_path / "adapter")
