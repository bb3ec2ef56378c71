"""Every tensor is where the model is: on the "meta" device, which mixes with no other, as a GPU does not."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from places import SCRIPTS
from softrec.core.devices import moved, use_deterministic_algorithms
from softrec.decoding.beam_search import BeamSearch
from softrec.decoding.decode_cache import PreallocatedLayer
from softrec.decoding.generation import prefill, run
from softrec.llm.backbones import llara
from softrec.llm.branches import Row, collate
from softrec.llm.kernels import install
from softrec.llm.language_model import LanguageModel, LoraSettings, attach_lora, load_backbone
from softrec.llm.log_likelihood import ResponseLikelihood

META = torch.device("meta")
NewLlm = Callable[[], LanguageModel]
ROWS = [
    Row([1, 5, 6, 7], [("y", [8, 9, 2]), ("yhat", [10, 2])]),
    Row([1, 11], [("y", [12, 2]), ("yhat", [13, 14, 15, 2])]),
]


@pytest.mark.parametrize("kernels", ["eager", "fused"])
@pytest.mark.parametrize("share", [True, False], ids=["mask", "no mask"])
def test_forward_and_backward(new_llm: NewLlm, share: bool, kernels: Any) -> None:
    """Rows laid out on the CPU, likelihoods and gradients of the adapter elsewhere."""
    llm = new_llm()
    install(llm.model, kernels)
    llm.model.to(META)
    tuned = attach_lora(llm, LoraSettings(4, 8, 0.1, ["q_proj", "v_proj"]), seed=3)
    tuned.model.train()
    likelihood = ResponseLikelihood(tuned.model, tuned.backbone)(collate(ROWS, 0, share).to(META))
    assert (likelihood.device, likelihood.shape) == (META, (4,))
    likelihood.sum().backward()
    gradients = [p.grad.device for p in tuned.model.parameters() if p.requires_grad]
    assert gradients
    assert set(gradients) == {META}


def test_llaras_items(new_llm: NewLlm, tmp_path: Path) -> None:
    """Items are found among the ids on the CPU and projected where the model is; the projector has gradients."""
    save_file({"item.weight": torch.ones(8, 3)}, tmp_path / "sasrec.safetensors")
    llm = replace(new_llm(), backbone=load_backbone("llara"))
    install(llm.model, "eager")
    llm.model.to(META)
    tuned = attach_lora(llm, LoraSettings(4, 8, 0.0, ["q_proj"]), seed=3)
    llara.begin(tuned, [tmp_path / "sasrec.safetensors"], seed=1)
    start = llara.rows_of_embedding(tuned.causal)
    rows = [Row([1, 5, start + 3, 7], [("y", [8, 2])]), Row([1, start + 7], [("y", [9, 2])])]
    ResponseLikelihood(tuned.model, tuned.backbone)(collate(rows, 0).to(META)).sum().backward()
    assert {p.grad.device for p in tuned.causal.history.projector.parameters()} == {META}


@pytest.mark.parametrize("kernels", ["eager", "fused"])
def test_decoding(new_llm: NewLlm, kernels: Any) -> None:
    """Prompts after a common start, and one step of three beams with its cache."""
    llm = new_llm()
    install(llm.model, kernels)
    llm.model.to(META)
    with llm.inference():
        start = prefill(llm, [[1, 5, 6]])
        prompts = prefill(llm, [[7, 8], [9]], start.cache, room=3)
        beams = BeamSearch(2, 3, 8, 1.0, [2], META)
        parent = beams.step(llm.causal.lm_head(prompts.last[:, None]))
        embedded = llm.causal.get_input_embeddings()(beams.tokens[..., -1])
        visible = torch.ones(2, 3, 8, dtype=torch.bool, device=META)
        states = run(llm, embedded, prompts.length[:, None].expand(-1, 3), visible, prompts.cache)
    assert {part.device for part in (*prompts[1:], parent, states)} == {META}
    assert states.shape == (2, 3, 32)
    assert {layer.keys.device for layer in prompts.cache.layers} == {META}


def test_a_tensor_that_is_there_is_not_moved() -> None:
    """Nor copied."""
    here = torch.ones(2)
    assert moved(here, torch.device("cpu")) is here
    assert moved(here, META).device == META


def test_deterministic_algorithms_can_do_all_that_tuning_does(new_llm: NewLlm) -> None:
    """Torch raises an error for an operation that has none; memory is not filled, which would take time."""
    tuned = attach_lora(new_llm(), LoraSettings(4, 8, 0.1, ["q_proj", "v_proj"]), seed=3)
    tuned.model.train()
    try:
        use_deterministic_algorithms()
        ResponseLikelihood(tuned.model, tuned.backbone)(collate(ROWS, 0)).sum().backward()
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.utils.deterministic.fill_uninitialized_memory
    finally:
        torch.use_deterministic_algorithms(False)


def test_inductor_is_not_imported_only_to_be_told_that_it_is_deterministic() -> None:
    """It takes a second of each job that compiles nothing; if it is imported later, it has the flag."""
    program = """
import sys
from softrec.core.devices import use_deterministic_algorithms
use_deterministic_algorithms()
import torch
assert torch.are_deterministic_algorithms_enabled()
assert "torch._inductor" not in sys.modules
import torch._inductor.config
assert torch._inductor.config.deterministic
"""
    unset = {name: value for name, value in os.environ.items() if name != "TORCHINDUCTOR_DETERMINISTIC"}
    ended = subprocess.run([sys.executable, "-c", program], cwd=SCRIPTS, env=unset, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_a_cache_with_room_is_not_copied() -> None:
    """Room for 6 tokens, then 4 more at a time: 3 + 3 tokens fit, the seventh moves them to memory for 11.

    What is appended is where it was put, as views of the same memory; rows that stay keep their room.
    """
    layer, step = PreallocatedLayer(6, 4), torch.arange(2 * 1 * 3 * 2.0).view(2, 1, 3, 2)
    keys, values = layer.update(step, -step)
    first = keys.data_ptr()
    keys, values = layer.update(step + 100, -step)
    assert (keys.data_ptr(), layer.get_seq_length()) == (first, 6)
    assert torch.equal(keys, torch.cat((step, step + 100), dim=2))
    assert torch.equal(values, torch.cat((-step, -step), dim=2))
    keys, _ = layer.update(step[:, :, :1] + 200, step[:, :, :1])
    assert (keys.data_ptr() == first, layer.memory[0].shape[2]) == (False, 11)
    assert torch.equal(keys, torch.cat((step, step + 100, step[:, :, :1] + 200), dim=2))
    layer.batch_select_indices(torch.tensor([1]))
    assert torch.equal(layer.keys, keys[[1]])
    assert layer.memory[0].shape[2] == 11
