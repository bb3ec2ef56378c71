"""What a base model's folder may hold: each fault by its file, its key and its value."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from broken_weights import reconfigure, refused, rewrite
from softrec.llm.language_model import load

INDEX = "model.safetensors.index.json"


@pytest.fixture
def folder(llm_folder: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model to break."""
    return Path(shutil.copytree(llm_folder, tmp_path / "llm"))


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
@pytest.mark.parametrize(
    ("content", "said", "remedy"),
    [
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n",
            "is a pointer of Git LFS",
            "git lfs pull",
        ),
        ("", "is empty", "fetch them again"),
    ],
)
def test_files_that_are_not_there_yet(folder: Path, name: str, content: str, said: str, remedy: str) -> None:
    """Cloned without Git LFS, or made by a download that did not begin."""
    (folder / name).write_text(content)
    error = refused(folder, said)
    assert error.where == str(folder / name)
    assert remedy in str(error.remedy)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "special_tokens_map.json", "added_tokens.json"])
def test_a_page_of_a_server_in_place_of_a_file(folder: Path, name: str) -> None:
    """By its name, and not as a fault of the folder."""
    (folder / name).write_text("<html>503</html>")
    assert refused(folder, "is not JSON").where == str(folder / name)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("hidden_act", "nope", "hidden_act 'nope', which transformers does not know"),
        ("hidden_act", ["silu"], r"hidden_act \['silu'\], not a text"),
        ("num_key_value_heads", 0, "num_key_value_heads 0, not a whole number from 1 to"),
        ("vocab_size", 0, "vocab_size 0, not a whole number from 2 to"),
        ("vocab_size", 4 * 10**8, "vocab_size 400000000, not a whole number from 2 to"),
        ("intermediate_size", 10**5, "describes a model of .* parameters, but .* are stored"),
        ("num_labels", 2 * 10**8, "num_labels 200000000, not a whole number"),
        ("dtype", "nonsense", "dtype 'nonsense', which is not a dtype of torch"),
        ("model_type", ["llama"], r"model_type \['llama'\], not a text"),
        ("auto_map", {"AutoModel": "own.M"}, "code of its own"),
        ("transformers_weights", "other.safetensors.index.json", "another file of weights"),
    ],
)
def test_values_of_a_configuration(folder: Path, key: str, value: object, said: str) -> None:
    """Libraries say KeyError or ZeroDivisionError of some, allocate what others describe, and follow the last."""
    reconfigure(folder, **{key: value})
    assert refused(folder, said).where == str(folder / "config.json")


def test_a_key_given_twice(folder: Path) -> None:
    """Readers do not agree about which counts."""
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(text.replace("{", '{"model_type": "gpt2", ', 1))
    assert refused(folder, "the key 'model_type' is given twice").where == str(folder / "config.json")


def test_weights_that_no_model_is_built_of(folder: Path) -> None:
    """Beside the whole file; files of another form of the same weights may stay."""
    save_file({"foreign": torch.ones(3)}, folder / "consolidated.safetensors")
    save_file({"foreign": torch.ones(3)}, folder / "zz.safetensors")
    assert refused(folder, "holds foreign and more, which would not be loaded").where == str(folder / "zz.safetensors")


def shards(folder: Path, index: dict[str, object]) -> list[str]:
    """Divide the weights into two files, whose index is given; the names of the weights."""
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    save_file({name: weights[name] for name in names[:3]}, folder / "a.safetensors", metadata={"format": "pt"})
    save_file({name: weights[name] for name in names[2:]}, folder / "b.safetensors", metadata={"format": "pt"})
    (folder / INDEX).write_text(json.dumps(index))
    return names


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ({"metadata": {}, "weight_map": {}}, "places no weight"),
        ({"weight_map": {"a": "a.safetensors"}}, "None as its metadata"),
        ({"metadata": {}}, "None as its weight_map"),
    ],
)
def test_an_index_that_is_none(folder: Path, index: dict[str, object], said: str) -> None:
    """Libraries say KeyError and IndexError."""
    shards(folder, index)
    assert refused(folder, said).where == str(folder / INDEX)


def test_a_weight_in_two_files(folder: Path) -> None:
    """The copy in the file that is read last would win, whatever the index says."""
    names = shards(folder, {})
    places = {name: "a.safetensors" if name in names[:3] else "b.safetensors" for name in names}
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": places}))
    error = refused(folder, f"places {names[2]} in a.safetensors, but b.safetensors holds it")
    assert error.where == str(folder / INDEX)


def test_a_head_beside_the_word_that_there_is_none(folder: Path) -> None:
    """Which of the two is meant nobody can say; with the word taken back it is read."""
    reconfigure(folder, tie_word_embeddings=True)
    name = "model.embed_tokens.weight"
    rewrite(folder / "model.safetensors", lambda weights: {**weights, "lm_head.weight": 2 * weights[name]})
    refused(folder, "which differs from the input embedding")
    reconfigure(folder, tie_word_embeddings=False)
    assert not torch.equal(
        (model := load(folder, "bigrec", "fp32").model).lm_head.weight, model.model.embed_tokens.weight
    )


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("pre_tokenizer", None),
        ("decoder", None),
        ("normalizer", {"type": "Replace", "pattern": {"Regex": "[0-9]"}, "content": ""}),
    ],
)
def test_a_tokeniser_that_does_not_give_a_text_back(folder: Path, part: str, value: object) -> None:
    """Titles without blanks, with marks in them, without digits: nothing would be near the title that was meant."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps({**tokenizer, part: value}))
    assert refused(folder, "encodes and decodes 'A title of 1984' to").where == str(folder / "tokenizer.json")


def test_two_tokens_of_one_number(folder: Path) -> None:
    """One of them would be written as the other."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["~"] = tokenizer["model"]["vocab"]["}"]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert refused(folder, "gives two tokens the same id").where == str(folder / "tokenizer.json")
