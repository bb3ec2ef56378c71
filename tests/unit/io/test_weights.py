"""Weights that a file lacks, has too many of or in other shapes: refused, in a sentence that names the first."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from broken_weights import reconfigure, refused, rewrite, without
from run_script import run_script
from softrec.io import tables
from softrec.llm.language_model import LanguageModel, load

NewLlm = Callable[[], LanguageModel]


UP = "model.layers.0.mlp.up_proj.weight"


@pytest.fixture
def base(llm_folder: Path) -> Path:
    """The tiny model as a transformers folder, whole."""
    return llm_folder


@pytest.fixture
def folder(base: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(base, tmp_path / "llm"))


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
    refused(folder, "places .* in model-.*, which does not exist")


def test_a_script_ends_with_the_sentence_and_writes_nothing(folder: Path, tmp_path: Path) -> None:
    """Status 1, no embeddings, no manifest, no traceback."""
    rewrite(folder / "model.safetensors", without(UP))
    types = {"item": "int32", "source_id": "string", "title": "string", "category": "string", "title_id": "int32"}
    rows = {"item": [1], "source_id": ["A"], "title": ["Ember 1"], "category": ["x"], "title_id": [0]}
    tables.write_table(tmp_path / "catalogue.parquet", rows, types)
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
    error = refused(folder, r"asks for code of its own \(auto_map\), which is never run")
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
    refused(folder, f"tokeniser in .* has 'zebra' as token {rows + 1}, but the model's embedding has {rows} rows")
