"""Fused and compiled kernels compute what transformers' own modules compute."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch._dynamo.utils import counters
from transformers import GPT2Config, GPT2LMHeadModel

from common.errors import SoftrecError
from softrec.decoding.generation import GenerationSettings, generate
from softrec.llm.branches import Row, collate
from softrec.llm.kernels import install
from softrec.llm.language_model import LanguageModel
from softrec.llm.log_likelihood import ResponseLikelihood
from softrec.tuning.schedule import Constant
from tuning_run import fitted, new_tuner

NewLlm = Callable[[], LanguageModel]
PROMPTS = [[1, 20, 30, 40, 50, 60], [1, 25, 35], [1, 70, 80, 90, 33]]
ROWS = [Row(prompt, [("y", [8, 9, 2]), ("yhat", [10, 2])]) for prompt in PROMPTS]


@pytest.fixture
def fresh_compiler() -> Iterator[None]:
    """No graph of an earlier test."""
    torch._dynamo.reset()
    counters.clear()
    yield
    torch._dynamo.reset()


def graphs() -> int:
    """How many graphs have been compiled."""
    return counters["stats"]["unique_graphs"]


def with_kernels(new_llm: NewLlm, kernels: Any, dtype: torch.dtype = torch.float32) -> LanguageModel:
    """The tiny model with norms that are not all ones, in a precision, with such kernels."""
    llm = new_llm()
    with torch.no_grad():
        for name, weight in llm.model.named_parameters():
            if "norm" in name:
                weight.copy_(torch.linspace(0.5, 1.5, len(weight)))
    llm.model.to(dtype)
    install(llm.model, kernels)
    return llm


def likelihoods(llm: LanguageModel) -> torch.Tensor:
    """Of two branches of each of three prompts."""
    with torch.no_grad():
        return ResponseLikelihood(llm.model, llm.backbone)(collate(ROWS, 0))


def test_eager_leaves_the_modules_of_transformers(new_llm: NewLlm) -> None:
    """Two layers with two norms each, and the last: five, and none of torch's."""
    names = [type(module).__name__ for module in with_kernels(new_llm, "eager").model.modules()]
    assert names.count("LlamaRMSNorm") == 5
    assert "RMSNorm" not in names


def test_fused_norms_compute_the_same(new_llm: NewLlm) -> None:
    """In fp32 to the order of sums; in bf16 (8 bits) sums of about -30 differ by less than that rounding, 2^-8 of it.

    The weights are the same tensors under the same names: whatever saves or counts them finds what it found.
    """
    eager, fused = with_kernels(new_llm, "eager"), with_kernels(new_llm, "fused")
    names = [type(module).__name__ for module in fused.model.modules()]
    assert (names.count("RMSNorm"), names.count("LlamaRMSNorm")) == (5, 0)
    assert list(fused.model.state_dict()) == list(eager.model.state_dict())
    expected = likelihoods(eager)
    torch.testing.assert_close(likelihoods(fused), expected, atol=0, rtol=1e-6)
    in_bf16 = likelihoods(with_kernels(new_llm, "fused", torch.bfloat16))
    torch.testing.assert_close(in_bf16, expected, atol=0, rtol=2**-8)


def test_updates_with_fused_norms(new_llm: NewLlm) -> None:
    """Four updates, with dropout: both draw the same masks."""
    expected = fitted(new_tuner(new_llm, dropout=0.3), Constant(0.5))
    tuner = new_tuner(new_llm, dropout=0.3)
    install(tuner.llm.causal, "fused")
    torch.testing.assert_close(fitted(tuner, Constant(0.5)), expected, atol=1e-6, rtol=0)


@pytest.mark.skipif(not shutil.which("g++"), reason="torch compiles for a CPU with g++, which is not on PATH")
def test_compiled_layers_make_the_same_updates(new_llm: NewLlm, fresh_compiler: None) -> None:
    """Without dropout, in fp32. Layers are alike: they share a graph, whatever the length of rows.

    The first layer's input needs no gradient, the second's does: that may be one graph more.
    """
    expected = fitted(new_tuner(new_llm), Constant(0.5))
    tuner = new_tuner(new_llm)
    install(tuner.llm.causal, "compiled")
    torch.testing.assert_close(fitted(tuner, Constant(0.5)), expected, atol=1e-6, rtol=0)
    assert 1 <= graphs() <= 2
    assert not counters["graph_break"]


@pytest.mark.skipif(not shutil.which("gcc"), reason="kernels: compiled asks for a C compiler, and gcc is not on PATH")
def test_compiled_layers_answer_eagerly(new_llm: NewLlm, fresh_compiler: None) -> None:
    """Texts and likelihoods asked for outside training are those of fused kernels, bit for bit, without a graph."""
    fused, compiled = with_kernels(new_llm, "fused"), with_kernels(new_llm, "compiled")
    settings = GenerationSettings(2, 6, 2)
    assert generate(compiled, PROMPTS, settings) == generate(fused, PROMPTS, settings)
    batch = collate(ROWS, 0)
    with fused.inference(), compiled.inference():
        asked = [ResponseLikelihood(llm.model, llm.backbone)(batch) for llm in (fused, compiled)]
    assert torch.equal(*asked)
    assert graphs() == 0


def gpt2() -> Any:
    """A model of LayerNorms."""
    return GPT2LMHeadModel(GPT2Config(vocab_size=32, n_positions=16, n_embd=16, n_layer=1, n_head=2))


def test_a_model_that_cannot_be_fused_is_refused() -> None:
    """With the key to change."""
    with pytest.raises(SoftrecError, match="no RMSNorm") as caught:
        install(gpt2(), "fused")
    assert "llms.<name>.kernels" in caught.value.remedy


def test_a_norm_of_another_formula_is_refused(new_llm: NewLlm) -> None:
    """A class of Llama's name and attributes that adds its input: neither Llama's formula nor Gemma's."""
    llm = new_llm()
    norm = llm.causal.model.norm
    llamas = type(norm)
    norm.__class__ = type("OtherRMSNorm", (llamas,), {"forward": lambda self, x: x + llamas.forward(self, x)})
    with pytest.raises(SoftrecError, match="norm is a OtherRMSNorm"):
        install(llm.model, "fused")


def test_compiling_needs_a_compiler(new_llm: NewLlm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said when the model is loaded, not with the first update."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("CC", "icx")
    with pytest.raises(SoftrecError, match="needs a C compiler") as caught:
        install(new_llm().model, "compiled")
    assert "icx" in caught.value.where
