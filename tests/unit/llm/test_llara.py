"""LLaRA: items stand where titles do, their embeddings are projected, and the projector is trained and kept."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from common.errors import SoftrecError
from softrec.decoding.generation import GenerationSettings, generate, prefill
from softrec.llm.backbones import bigrec, llara
from softrec.llm.branches import Row, collate
from softrec.llm.language_model import (
    LanguageModel,
    LoraSettings,
    adapter_state,
    attach_lora,
    load,
    load_adapter_state,
    save_adapter,
)
from softrec.llm.log_likelihood import ResponseLikelihood
from softrec.llm.prompts import Encoder, Words, render
from softrec.tuning.engine import OptimiserSettings, TorchEngine

LORA = LoraSettings(4, 8, 0.0, ["all-linear"])
ITEMS = 6
V = 400  # rows of the tiny model's embedding


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Item embeddings of a SASRec model of width 3: item i is (i, 2 i, 3 i), padding is zero."""
    weight = torch.arange(ITEMS + 1.0)[:, None] * torch.tensor([1.0, 2.0, 3.0])
    save_file({"item.weight": weight, "other": torch.ones(1)}, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


@pytest.fixture
def new_llara(new_llm: Callable[[], LanguageModel]) -> Callable[[], LanguageModel]:
    """A maker of equal tiny models whose tokeniser knows the placeholder."""

    def make() -> LanguageModel:
        llm = new_llm()
        tokenizer = copy.deepcopy(llm.tokenizer)
        llara.prepare(tokenizer)
        return LanguageModel(llm.model, tokenizer, llara)

    return make


def tuned(new_llara: Callable[[], LanguageModel], table: Path, seed: int = 1) -> LanguageModel:
    """A fresh LoRA and a fresh projector."""
    llm = attach_lora(new_llara(), LORA, seed)
    llara.begin(llm, [table], seed)
    return llm


def prompt(llm: LanguageModel, history: list[int]) -> list[int]:
    """A prompt with items placed."""
    ids, _ = encoder(llm).prompt([f"Ember {item}" for item in history])
    return llara.place_items(llm, ids, history)


def encoder(llm: LanguageModel) -> Encoder:
    """Of prompts with placeholders."""
    return Encoder(llm.tokenizer, Words("films", "film", "seen"), llara.item_text, 500, llara.PLACEHOLDER)


def test_each_placeholder_becomes_its_item(new_llara: Callable[[], LanguageModel]) -> None:
    """Three items: V + 2, V + 5, V + 1 in the order of the history, and every other id is a token of the text."""
    llm = new_llara()
    ids = prompt(llm, [2, 5, 1])
    assert [i for i in ids if i >= V] == [V + 2, V + 5, V + 1]
    text = llm.tokenizer.decode([i for i in ids if i < V], skip_special_tokens=True)
    assert "Ember 2" in text
    assert llara.PLACEHOLDER not in text


def test_a_title_that_says_the_placeholder_is_text(new_llara: Callable[[], LanguageModel]) -> None:
    """One item, one place; the rest of the prompt reads back as it was."""
    llm = new_llara()
    ids, _ = encoder(llm).prompt([f"Ember {llara.PLACEHOLDER}"])
    placed = llara.place_items(llm, ids, [3])
    assert [i for i in placed if i >= V] == [V + 3]
    assert f'"Ember {llara.PLACEHOLDER}" ' in llm.tokenizer.decode([i for i in placed if i < V])


def test_pieces_between_places_are_tokens_as_in_a_whole_text(new_llara: Callable[[], LanguageModel]) -> None:
    """The tokeniser cuts a text at its special tokens too: no token reaches over one."""
    llm = new_llara()
    text = render([f'"Ember {item}" {llara.PLACEHOLDER}' for item in range(3)], Words("films", "film", "seen"))
    whole = llm.tokenizer.encode(text, add_special_tokens=False)
    assert encoder(llm).prompt([f"Ember {item}" for item in range(3)])[0] == [llm.tokenizer.bos_token_id, *whole]


def test_a_text_with_a_place_too_many_is_found_out(new_llara: Callable[[], LanguageModel]) -> None:
    """It would shift every item after it: an untitled item whose id has a NUL."""
    llm = new_llara()
    ids, _ = encoder(llm).prompt(["Ember \0"])
    with pytest.raises(SoftrecError, match=r"2 placeholders .* for 1 items"):
        llara.place_items(llm, ids, [3])


def test_inputs_are_projected_items_and_the_models_own_tokens(
    new_llara: Callable[[], LanguageModel], table: Path
) -> None:
    """At V + 4 stands projector((4, 8, 12)); at tokens what BIGRec would put there."""
    llm = tuned(new_llara, table)
    ids = torch.tensor([[1, V + 4, 20], [30, 31, V + 2]])
    found = llara.input_embeddings(llm.causal, ids)
    projector = llm.causal.history.projector
    assert torch.allclose(found[0, 1], projector(torch.tensor([4.0, 8.0, 12.0])), atol=1e-5)
    assert torch.allclose(found[1, 2], projector(torch.tensor([2.0, 4.0, 6.0])), atol=1e-5)
    for row, column in ((0, 0), (0, 2), (1, 0), (1, 1)):
        own = bigrec.input_embeddings(llm.causal, ids[row, column][None, None])
        assert torch.equal(found[row, column], own[0, 0])


def test_the_projector_learns_and_the_table_does_not(new_llara: Callable[[], LanguageModel], table: Path) -> None:
    """One update through the engine moves the projector's weights; table and language model stay."""
    llm = tuned(new_llara, table)
    engine = TorchEngine(ResponseLikelihood(llm.model, llm.backbone), OptimiserSettings(1e-2, 0, 0.0, 1.0))
    before = {name: tensor.clone() for name, tensor in llm.model.state_dict().items()}
    rows = [Row(prompt(llm, [2, 5]), [("y", [80, 81, 2])])]
    engine.backward(-engine(collate(rows, llm.pad_id)).sum())
    engine.step()
    moved = {name for name, tensor in llm.model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert {name for name in moved if "history" in name} == {name for name in before if "history.projector" in name}
    assert all("lora_" in name or "history.projector" in name for name in moved)
    assert {name for name in adapter_state(llm) if "history" in name} == {n for n in moved if "history" in n}


def test_an_adapter_folder_holds_all_that_is_trained(
    new_llara: Callable[[], LanguageModel], table: Path, tmp_path: Path
) -> None:
    """Saved and loaded again, the model says the same of a prompt with items, to the last bit."""
    llm = tuned(new_llara, table)
    with torch.no_grad():
        for parameter in llm.model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.05)
    base = new_llara()
    base.model.save_pretrained(tmp_path / "base")
    base.tokenizer.save_pretrained(tmp_path / "base")
    save_adapter(llm, tmp_path / "adapter")
    again = load(tmp_path / "base", "llara", "fp32", tmp_path / "adapter")
    batch = collate([Row(prompt(llm, [2, 5, 1]), [("y", [80, 81, 2])])], llm.pad_id)
    with llm.inference(), again.inference():
        first = ResponseLikelihood(llm.model, llara)(batch)
        assert torch.equal(first, ResponseLikelihood(again.model, llara)(batch))


def test_a_projector_is_a_function_of_the_seed_alone(new_llara: Callable[[], LanguageModel], table: Path) -> None:
    """d_0 is measured on the base model without LoRA: its projector must be the one that tuning begins with."""
    base = new_llara()
    llara.begin(base, [table], 1)
    torch.rand(7)
    other = tuned(new_llara, table, seed=1)
    for name, weight in base.causal.history.state_dict().items():
        assert torch.equal(weight, other.causal.history.state_dict()[name])
    assert not torch.equal(
        base.causal.history.projector[0].weight, tuned(new_llara, table, seed=2).causal.history.projector[0].weight
    )


def test_a_checkpoint_brings_the_projector_back(new_llara: Callable[[], LanguageModel], table: Path) -> None:
    """The adapter's state holds the projector: put into another run, the inputs are the same."""
    one, other = tuned(new_llara, table, seed=1), tuned(new_llara, table, seed=2)
    load_adapter_state(other, adapter_state(one))
    ids = torch.tensor([[V + 3]])
    expected = llara.input_embeddings(one.causal, ids)
    assert torch.equal(llara.input_embeddings(other.causal, ids), expected)


def test_generation_reads_the_items_and_never_says_one(new_llara: Callable[[], LanguageModel], table: Path) -> None:
    """The prefilled cache of one prompt with item 2 or with item 5 differs from the item on and not before it.

    Ids from V on have no output unit.
    """
    llm = tuned(new_llara, table)
    prompts = torch.tensor([prompt(llm, [2]), [*prompt(llm, [2])]])
    at = int((prompts[0] >= V).nonzero()[0, 0])
    prompts[1, at] = V + 5
    with llm.inference():
        keys = prefill(llm, prompts.tolist()).cache.layers[-1].keys
    differs = (keys[0] - keys[1]).abs().amax(dim=(0, 2)) > 1e-6
    assert not differs[:at].any()
    assert differs[at:].all()
    assert llm.causal.lm_head.out_features == V
    settings = GenerationSettings(2, 6, 4)
    assert all(llara.PLACEHOLDER not in answer.text for answer in generate(llm, prompts.tolist(), settings))


def test_what_is_missing_is_said(new_llara: Callable[[], LanguageModel], table: Path, tmp_path: Path) -> None:
    """No item embeddings; a file of something else; BIGRec given some."""
    with pytest.raises(SoftrecError, match="LLaRA needs the item embeddings"):
        llara.begin(new_llara(), [], 1)
    save_file({"weight": torch.ones(1)}, tmp_path / "other.safetensors")
    with pytest.raises(SoftrecError, match=r"holds no item\.weight"):
        llara.begin(new_llara(), [tmp_path / "other.safetensors"], 1)
    with pytest.raises(SoftrecError, match="does not use item embeddings"):
        bigrec.begin(new_llara(), [table], 1)
