"""One language model: loaded or refused, LoRA that starts as nothing, and adapters that come back as they were."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import GenerationConfig, PreTrainedModel

from common.errors import SoftrecError
from softrec.decoding.generation import GenerationSettings, generate
from softrec.llm.language_model import (
    LanguageModel,
    LoraSettings,
    adapter_state,
    attach_lora,
    load,
    load_adapter_state,
    save_adapter,
)

LORA = LoraSettings(4, 8, 0.0, ["q_proj", "v_proj"])
IDS = torch.tensor([[1, 20, 30, 40, 25]])
NewLlm = Callable[[], LanguageModel]


@pytest.fixture
def folder(llm_folder: Path) -> Path:
    """The tiny model as a transformers folder."""
    return llm_folder


def logits(llm: LanguageModel) -> torch.Tensor:
    """The model's output for some tokens."""
    with llm.inference():
        return llm.model(input_ids=IDS).logits.clone()


def moved(llm: LanguageModel) -> LanguageModel:
    """The model with an adapter that does something: its B is no longer zero."""
    generator = torch.Generator().manual_seed(3)
    state = {n: p + 0.1 * torch.randn(p.shape, generator=generator) for n, p in adapter_state(llm).items()}
    load_adapter_state(llm, state)
    return llm


def test_a_folder_comes_back_as_the_model_that_was_saved(folder: Path, llm: LanguageModel) -> None:
    """Same logits, in evaluation mode, by torch's own attention, and the model's context and end tokens are known."""
    loaded = load(folder, "bigrec", "fp32")
    assert torch.equal(logits(loaded), logits(llm))
    assert not loaded.model.training
    assert loaded.context == 512
    assert loaded.causal.config._attn_implementation == "causal_sdpa"
    assert loaded.ends == [llm.tokenizer.eos_token_id]
    assert load(folder, "bigrec", "bf16").model.dtype == torch.bfloat16


def nothing(path: Path) -> None:
    """No such folder."""
    shutil.rmtree(path)


def emptied(path: Path) -> None:
    """A folder without files."""
    nothing(path)
    path.mkdir()


def cut(path: Path) -> None:
    """Weights of which half has arrived."""
    weights = path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])


@pytest.mark.parametrize("fault", [nothing, emptied, cut, "config.json", "model.safetensors", "tokenizer.json"])
def test_a_folder_without_a_whole_model_is_refused(
    folder: Path, tmp_path: Path, fault: str | Callable[[Path], None]
) -> None:
    """Whatever is missing or broken: one sentence with the folder, and what it needs; never a download."""
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    if callable(fault):
        fault(broken)
    else:
        (broken / fault).unlink()
    with pytest.raises(SoftrecError, match=r"holds no (language model|weights)|0 are stored") as caught:
        load(broken, "bigrec", "fp32")
    assert str(broken) in caught.value.what
    assert "safetensors" in str(caught.value)


def test_a_tokeniser_without_eos_is_refused(folder: Path, tmp_path: Path) -> None:
    """Without an end token no label could end."""
    shutil.copytree(folder, tmp_path / "llm")
    path = tmp_path / "llm/tokenizer_config.json"
    path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != "eos_token"}))
    with pytest.raises(SoftrecError, match="has no EOS token"):
        load(tmp_path / "llm", "bigrec", "fp32")


def test_lora_starts_as_the_base_model(new_llm: NewLlm, llm: LanguageModel) -> None:
    """B = 0, so the logits are the base's to the bit; A is random, and the same for the same seed alone."""
    tuned = attach_lora(new_llm(), LORA, seed=1)
    assert torch.equal(logits(tuned), logits(llm))
    states = [adapter_state(tuned), adapter_state(attach_lora(new_llm(), LORA, seed=1))]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    other = adapter_state(attach_lora(new_llm(), LORA, seed=2))
    for name, tensor in states[0].items():
        assert tensor.dtype == torch.float32
        assert (tensor.abs().max() > 0) == ("lora_A" in name)
        assert torch.equal(tensor, other[name]) == ("lora_B" in name)


def test_targets_name_the_layers_that_are_tuned(new_llm: NewLlm) -> None:
    """Two layers x (q, v) x (A, B) are 8 tensors; all seven linear layers of a block are 28."""
    assert len(adapter_state(attach_lora(new_llm(), LORA, 1))) == 8
    everything = adapter_state(attach_lora(new_llm(), LoraSettings(4, 8, 0.0, ["all-linear"]), 1))
    assert len(everything) == 28
    assert not any("lm_head" in name for name in everything)
    with pytest.raises(SoftrecError, match="qproj") as caught:
        attach_lora(new_llm(), LoraSettings(4, 8, 0.0, ["qproj"]), 1)
    assert caught.value.where == "lora.targets"


def test_the_base_model_is_there_with_adapters_off(new_llm: NewLlm, llm: LanguageModel) -> None:
    """Inside `inference(base=True)` the adapter has no effect; afterwards it has, and the mode is the one before."""
    tuned = moved(attach_lora(new_llm(), LORA, 1))
    tuned.model.train()
    with tuned.inference(base=True):
        assert torch.equal(tuned.model(input_ids=IDS).logits, logits(llm))
    assert tuned.model.training
    assert (logits(tuned) - logits(llm)).abs().max() > 1e-3


def test_states_are_copies_that_can_be_put_back(new_llm: NewLlm) -> None:
    """Moving the model does not move a state taken before; put back, the logits are the earlier ones."""
    tuned = moved(attach_lora(new_llm(), LORA, 1))
    state, before = adapter_state(tuned), logits(tuned)
    moved(tuned)
    assert (logits(tuned) - before).abs().max() > 1e-3
    load_adapter_state(tuned, state)
    assert torch.equal(logits(tuned), before)


def test_a_saved_adapter_comes_back(folder: Path, tmp_path: Path) -> None:
    """Same logits on top of a freshly loaded base; no path of this machine is in the files."""
    tuned = moved(attach_lora(load(folder, "bigrec", "fp32"), LORA, 1))
    save_adapter(tuned, tmp_path / "adapter")
    assert sorted(path.name for path in (tmp_path / "adapter").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    assert torch.equal(logits(load(folder, "bigrec", "fp32", tmp_path / "adapter")), logits(tuned))
    for path in (tmp_path / "adapter").iterdir():
        assert str(folder).encode() not in path.read_bytes()


def test_an_adapters_configuration_is_the_same_text_each_time(folder: Path, tmp_path: Path) -> None:
    """PEFT keeps layer names in a set, whose order is another in each process; in the file they are sorted."""
    save_adapter(
        attach_lora(load(folder, "bigrec", "fp32"), LoraSettings(4, 8, 0.0, ["all-linear"]), 1), tmp_path / "a"
    )
    config = json.loads((tmp_path / "a/adapter_config.json").read_text())
    assert config["base_model_name_or_path"] is None
    assert len(config["target_modules"]) == 2 * 7
    assert config["target_modules"] == sorted(config["target_modules"])


def test_a_missing_adapter_is_refused(folder: Path, tmp_path: Path) -> None:
    """A folder that holds none, and one that is not there."""
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(SoftrecError, match="holds no adapter"):
            load(folder, "bigrec", "fp32", path)


def test_sampling_settings_that_a_model_ships_do_not_leak(folder: Path, llm: LanguageModel, tmp_path: Path) -> None:
    """Chat models ship temperatures and penalties.

    They change what the model's own `generate` says (checked too: otherwise this test could not fail), and nothing of
    what our beam search says; of what ships, ends alone count.
    """
    shutil.copytree(folder, tmp_path / "llm")
    shipped = GenerationConfig(
        do_sample=True, temperature=0.3, repetition_penalty=9.0, no_repeat_ngram_size=1, eos_token_id=[2, 7]
    )
    shipped.save_pretrained(tmp_path / "llm")
    loaded = load(tmp_path / "llm", "bigrec", "fp32")
    assert loaded.ends == sorted({2, 7, llm.tokenizer.eos_token_id})
    settings, prompt = GenerationSettings(4, 12, 2), [1, 20, 30, 40]
    ours = generate(loaded, [prompt], settings)
    plain = load(folder, "bigrec", "fp32")
    plain.causal.generation_config.eos_token_id = [2, 7]
    assert generate(plain, [prompt], settings) == ours
    ids = torch.tensor([prompt])
    says = [m.causal.generate(ids, num_beams=4, do_sample=False, max_new_tokens=12) for m in (loaded, plain)]
    assert says[0].tolist() != says[1].tolist()


def test_an_adapter_is_loaded_onto_its_ranks_own_device(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PEFT takes "cuda" if it is not told, and safetensors takes that for GPU 0 on every rank.

    The fake says that the model is on GPU 3, and notes what PEFT is asked for.
    """
    save_adapter(attach_lora(load(folder, "bigrec", "fp32"), LORA, 1), tmp_path / "adapter")
    asked = []
    real = PeftModel.from_pretrained

    def recording(model: Any, *arguments: Any, torch_device: str | None = None, **options: Any) -> Any:
        asked.append(torch_device)
        monkeypatch.undo()  # the rest is really on the CPU
        return real(model, *arguments, torch_device="cpu", **options)

    monkeypatch.setattr(PeftModel, "from_pretrained", recording)
    monkeypatch.setattr(PreTrainedModel, "device", property(lambda _: torch.device("cuda", 3)))
    load(folder, "bigrec", "fp32", tmp_path / "adapter")
    assert asked == ["cuda:3"]
