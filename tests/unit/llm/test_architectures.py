"""Each tested architecture computes with our branches, kernels and backbones what transformers computes by itself."""

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from common.model_types import LINEAR, PROVEN
from random_models import ARCHITECTURES, maker, random_model
from softrec.llm.architectures import embedding_scale
from softrec.llm.backbones import llara
from softrec.llm.branches import Row, collate
from softrec.llm.embeddings import embed
from softrec.llm.kernels import install
from softrec.llm.language_model import LanguageModel, LoraSettings, attach_lora, load
from softrec.llm.log_likelihood import ResponseLikelihood
from softrec.tuning.schedule import Constant
from tuning_run import fitted, new_tuner

KERNELS = ["eager", "fused"]
ROWS = [
    Row([1, 20, 30, 40, 50, 60], [("y", [8, 9, 2]), ("yhat", [10, 11, 12, 2])]),
    Row([1, 25], [("y", [70, 2]), ("yhat", [71, 72, 2])]),
]
both = pytest.mark.parametrize("kernels", KERNELS)
each = pytest.mark.parametrize("kind", ARCHITECTURES)


@pytest.fixture
def tokenizer(llm: LanguageModel) -> Any:
    """The tiny model's tokeniser, of 400 tokens as the random models."""
    return llm.tokenizer


@pytest.fixture
def fresh_compiler() -> Iterator[None]:
    """No graph of an earlier test."""
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def reference(model: Any, prompt: list[int], response: list[int]) -> float:
    """l(y) by the model's own forward pass, attention and logits on the plain sequence."""
    log_probability = torch.log_softmax(model(input_ids=torch.tensor([prompt + response])).logits[0].float(), dim=-1)
    return sum(float(log_probability[len(prompt) + k - 1, token]) for k, token in enumerate(response))


def test_every_architecture_that_is_let_in_is_tested() -> None:
    """The list that refuses others is the list of this page."""
    assert list(PROVEN) == ARCHITECTURES


@each
def test_the_linear_layers_are_those_that_a_configuration_may_name(kind: str) -> None:
    """The output layer, and the same seven in each decoder layer, so that `lora.targets` is checked without a model."""
    found = {name for name, module in random_model(kind).named_modules() if isinstance(module, torch.nn.Linear)}
    layers = range(random_model(kind).config.num_hidden_layers)
    assert found == {"lm_head", *(f"model.layers.{i}.{name}" for i in layers for name in LINEAR)}


@each
@both
@pytest.mark.parametrize("share_prompt", [True, False])
def test_likelihoods_are_those_of_transformers(kind: str, kernels: Any, share_prompt: bool, tokenizer: Any) -> None:
    """Branches of a shared prompt, and separate rows, against one unpadded sequence at a time with eager attention."""
    llm = maker(kind, tokenizer, kernels)()
    with torch.no_grad():
        plain = random_model(kind)
        expected = [reference(plain, list(row.prompt), list(tokens)) for row in ROWS for _, tokens in row.responses]
        found = ResponseLikelihood(llm.model, llm.backbone)(collate(ROWS, 0, share_prompt))
    torch.testing.assert_close(found, torch.tensor(expected), atol=2e-4, rtol=0)


def test_caps_and_biases_of_the_random_models_matter() -> None:
    """Without them logits differ by far more than the tolerances here, so the tests above would notice their loss."""
    ids = torch.tensor([[1, 20, 30, 40, 50]])
    for changed in ({"attn_logit_softcapping": None}, {"final_logit_softcapping": None}, {"query_pre_attn_scalar": 16}):
        models = random_model("gemma2"), random_model("gemma2", **changed)
        with torch.no_grad():
            assert (models[0](ids).logits - models[1](ids).logits).abs().max() > 0.01
    biases = {name: p for name, p in random_model("qwen2").named_parameters() if name.endswith("bias")}
    assert len(biases) == 3 * 3
    assert all(bias.abs().max() > 0.1 for bias in biases.values())


@each
@both
def test_updates_do_not_depend_on_sharing_or_kernels(kind: str, kernels: Any, tokenizer: Any) -> None:
    """Four updates of SFT and SOFT's loss: shared prompts with these kernels, or separate rows with eager ones."""
    expected = fitted(new_tuner(maker(kind, tokenizer), share_prompt=False), Constant(0.5))
    found = fitted(new_tuner(maker(kind, tokenizer, kernels)), Constant(0.5))
    start = fitted(new_tuner(maker(kind, tokenizer), epochs=1), Constant(0.5))
    assert (start - expected).abs().max() > 1e-3
    # Adam divides gradients by their size: where one is nearly zero, its last digits decide an update of 5e-3.
    assert (found - expected).abs().max() < 1e-3
    assert (found - expected).abs().mean() < 1e-5


@pytest.mark.skipif(not shutil.which("g++"), reason="torch compiles for a CPU with g++, which is not on PATH")
@pytest.mark.parametrize("kind", ["gemma2", "qwen2"])
def test_compiled_layers_make_the_same_updates(kind: str, tokenizer: Any, fresh_compiler: None) -> None:
    """Without dropout, in fp32: as fused layers."""
    expected = fitted(new_tuner(maker(kind, tokenizer, "fused")), Constant(0.5))
    found = fitted(new_tuner(maker(kind, tokenizer, "compiled")), Constant(0.5))
    assert (found - expected).abs().max() < 1e-3
    assert (found - expected).abs().mean() < 1e-5


@each
@both
def test_fused_norms_of_bf16_weights(kind: str, kernels: Any, tokenizer: Any) -> None:
    """Sums of log-likelihoods of about -25 differ from fp32's by the rounding of 8 bits in each of three layers."""
    model = random_model(kind)
    with torch.no_grad():
        expected = [reference(model, list(row.prompt), list(tokens)) for row in ROWS for _, tokens in row.responses]
        model.to(torch.bfloat16)
        install(model, kernels)
        found = ResponseLikelihood(model, maker(kind, tokenizer)().backbone)(collate(ROWS, 0))
    torch.testing.assert_close(found, torch.tensor(expected), atol=0, rtol=2**-4)


@each
@both
def test_embeddings_are_the_last_states(kind: str, kernels: Any, tokenizer: Any) -> None:
    """Texts of several lengths in one batch, against each alone."""
    texts = ["Ember 1", "Frost 2 Gale 3 Harbour 4", ""]
    found = embed(maker(kind, tokenizer, kernels)(), texts, batch_size=3)
    model = random_model(kind)
    for row, text in zip(found, texts, strict=True):
        ids = torch.tensor([[1, *tokenizer(text, add_special_tokens=False)["input_ids"]]])
        with torch.no_grad():
            expected = model.model(input_ids=ids).last_hidden_state[0, -1]
        torch.testing.assert_close(torch.tensor(row), expected, atol=1e-4, rtol=0)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Embeddings of 6 items, of width 3."""
    save_file({"item.weight": torch.arange(21.0).view(7, 3)}, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


@each
def test_llaras_items_are_scaled_as_tokens(kind: str, tokenizer: Any, table: Path) -> None:
    """A token's input embedding is its weights times the scale, sqrt(32) in Gemma; an item's, its projection times it.

    The projector is trained: its gradient is not zero.
    """
    own = copy.deepcopy(tokenizer)
    llara.prepare(own)
    llm = attach_lora(maker(kind, own, backbone="llara")(), LoraSettings(4, 8, 0.0, ["all-linear"]), 1)
    llara.begin(llm, [table], 1)
    scale = 32**0.5 if kind.startswith("gemma") else 1.0
    assert embedding_scale(llm.causal) == pytest.approx(scale)
    found = llara.input_embeddings(llm.causal, torch.tensor([[5, 400 + 3]]))[0]
    weights = llm.causal.get_input_embeddings().weight
    torch.testing.assert_close(found[0], weights[5] * scale)
    torch.testing.assert_close(found[1], llm.causal.history(torch.tensor(3)) * scale)
    rows = [Row([1, 20, 403, 30, 405, 40], [("y", [8, 2]), ("yhat", [9, 10, 2])])]
    ResponseLikelihood(llm.model, llara)(collate(rows, 0)).sum().backward()
    assert all(p.grad.abs().max() > 0 for p in llm.causal.history.parameters())


@each
def test_lora_reaches_every_projection(kind: str, tokenizer: Any) -> None:
    """Two tensors for each of q and v in 3 layers; with all-linear for the 7 projections, and not the output layer."""
    named = attach_lora(maker(kind, tokenizer)(), LoraSettings(4, 8, 0.0, ["q_proj", "v_proj"]), 1)
    every = attach_lora(maker(kind, tokenizer)(), LoraSettings(4, 8, 0.0, ["all-linear"]), 1)
    counts = [sum(p.requires_grad for p in llm.model.parameters()) for llm in (named, every)]
    assert counts == [3 * 2 * 2, 3 * 7 * 2]


@each
@pytest.mark.parametrize("backbone", ["bigrec", "llara"])
def test_a_folder_is_loaded(kind: str, backbone: str, tokenizer: Any, tmp_path: Path) -> None:
    """Saved by transformers and loaded by `load`: the same likelihoods, tied output layers and caps included."""
    random_model(kind).save_pretrained(tmp_path / "llm")
    tokenizer.save_pretrained(tmp_path / "llm")
    loaded = load(tmp_path / "llm", backbone, "fp32")
    with torch.no_grad():
        found, expected = (
            ResponseLikelihood(llm.model, llm.backbone)(collate(ROWS, 0)) for llm in (loaded, maker(kind, tokenizer)())
        )
    assert torch.equal(found, expected)
    assert loaded.context == (24 if kind in ("gemma2", "gemma3_text", "mistral") else 512)
