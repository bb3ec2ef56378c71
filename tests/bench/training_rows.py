"""What the steps that train a language model share: rows, models, the project's own tuner, and how outputs agree.

Prompts have lognormal lengths and responses are as long as titles. Token ids are random: times depend on lengths alone.
"""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

import smollm2
from harness import MismatchError
from softrec.core import seeds
from softrec.llm.language_model import LanguageModel, LoraSettings, adapter_state, attach_lora, load, load_backbone
from softrec.llm.log_likelihood import ResponseLikelihood
from softrec.tuning.batches import global_batches
from softrec.tuning.engine import EngineSettings, OptimiserSettings
from softrec.tuning.epoch_loop import LoopSettings, Tuner
from softrec.tuning.objectives import SoftObjective
from softrec.tuning.schedule import EpochFacts
from softrec.tuning.start_engine import start_engine
from softrec.tuning.strategy import NewObjective

SEED = 42
GLOBAL, MICRO = 32, 8
# The paper's adapter without dropout and a rate without warm-up, which every peer can be given.
LORA = LoraSettings(rank=8, alpha=16, dropout=0.0, targets=["q_proj", "v_proj"])
OPTIMISER = OptimiserSettings(learning_rate=1e-4, warmup_steps=0, weight_decay=0.0, gradient_clip=1.0)

Tokens = list[list[int]]


def prompts(vocabulary: int, rows: int) -> Tokens:
    """Token ids of prompts: lengths are lognormal, median 150, sigma 0.45, between 40 and 600."""
    rng = seeds.stream(SEED, "bench prompts")
    lengths = np.clip(150 * np.exp(0.45 * rng.standard_normal(rows)), 40, 600).astype(int)
    return [rng.integers(10, vocabulary, n).tolist() for n in lengths]


def responses(vocabulary: int, rows: int, kinds: Sequence[str]) -> dict[str, Tokens]:
    """Token ids of each kind of response, 6 to 14 a row; every kind has as many tokens in all as every other."""
    rng = seeds.stream(SEED, "bench responses")
    lengths = rng.integers(6, 15, rows)
    return {kind: [rng.integers(10, vocabulary, n).tolist() for n in rng.permutation(lengths)] for kind in kinds}


def with_lora(llm: LanguageModel) -> LanguageModel:
    """A LoRA on it as if it had been tuned already: B is not zero, so that A has a gradient too."""
    tuned = attach_lora(llm, LORA, SEED)
    generator = torch.Generator().manual_seed(seeds.derive(SEED, "bench lora"))
    with torch.no_grad():
        for name, parameter in tuned.model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.02, generator=generator)
    return tuned


def fetch(folder: Path) -> None:
    """Fetch SmolLM2-135M if it is not there; what a step that uses it prepares."""
    smollm2.folder()


def small_model() -> LanguageModel:
    """SmolLM2-135M in fp32 with LoRA."""
    return with_lora(load(smollm2.folder(), "bigrec", "fp32"))


def wide_vocabulary() -> LanguageModel:
    """A model of 4 layers with the vocabulary of Llama 3 and random weights, with LoRA; it has no tokeniser."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=128_256,
        hidden_size=512,
        intermediate_size=1536,
        num_hidden_layers=4,
        num_attention_heads=8,
        num_key_value_heads=4,
        tie_word_embeddings=True,
    )
    torch.manual_seed(SEED)
    model = LlamaForCausalLM._from_config(config, attn_implementation="sdpa")
    return with_lora(LanguageModel(model, SimpleNamespace(pad_token_id=0), load_backbone("bigrec")))


def new_tuner(
    llm: LanguageModel,
    rows: Tokens,
    labels: dict[str, Tokens],
    *,
    share_prompt: bool = True,
    micro: int = MICRO,
    new_objective: NewObjective | None = None,
) -> Tuner:
    """The project's tuner of these rows with its own engine, ready for the first update."""
    llm.model.train()
    likelihood = ResponseLikelihood(llm.model, llm.backbone)
    engine = start_engine(likelihood, OPTIMISER, EngineSettings(), micro, GLOBAL // micro)
    settings = LoopSettings(
        seed=SEED,
        epochs=1,
        patience=1,
        global_batch_size=GLOBAL,
        micro_batch_size=micro,
        loss_reduction="mean",
        share_prompt=share_prompt,
        checkpoint_select="last",
    )
    objective = new_objective(llm, rows, labels, settings) if new_objective else SoftObjective("mean")
    return Tuner(llm, engine, rows, labels, objective, settings)


def batches(rows: int) -> list[np.ndarray]:
    """The rows of each update, as the tuner's epoch loop takes them."""
    return global_batches(rows, GLOBAL, SEED, 1)


def update(tuner: Tuner, facts: EpochFacts) -> list[tuple[float, float]]:
    """One epoch of updates: the loss and the gradient's norm of each."""
    updater = tuner.updater
    made = [updater.update(batch, facts, 1, step) for step, batch in enumerate(batches(len(updater.prompts)), start=1)]
    return [(one.loss, one.norm) for one in made]


def write(folder: Path, side: str, llm: LanguageModel, updates: Sequence[Sequence[float]]) -> None:
    """A side's output: loss and norm of each update, and the adapter after them."""
    torch.save({"updates": torch.tensor(updates), "adapter": flat(llm)}, folder / f"{side}.pt")


def flat(llm: LanguageModel) -> torch.Tensor:
    """The trainable tensors in one, in the model's order."""
    return torch.cat([tensor.flatten() for tensor in adapter_state(llm).values()])


def read(folder: Path, side: str) -> dict[str, Any]:
    """What `write` has written."""
    return torch.load(folder / f"{side}.pt")


def agree(folder: Path, start: torch.Tensor, first: str, second: str) -> str:
    """A clause on how near two sides' outputs are.

    The adapters' distance is measured by how far the updates have moved them from `start`. AdamW's first updates are as
    long for a gradient of rounding noise as for any other, so a few entries may differ wholly.

    Raises:
        MismatchError: losses or norms differ by more than 1e-5 of them, or adapters by more than 1 % of the move.
    """
    one, other = read(folder, first), read(folder, second)
    losses, norms = ((one["updates"] - other["updates"]).abs() / other["updates"]).T
    moved = (one["adapter"] - start).norm()
    apart = float((one["adapter"] - other["adapter"]).norm() / moved)
    clause = (
        f"{second}: loss of each update to {float(losses.max()):.0e} of it, its gradient's norm to "
        f"{float(norms.max()):.0e}, the adapter after it to {apart:.0e} of what has moved"
    )
    if not (moved > 0 and (losses <= 1e-5).all() and (norms <= 1e-5).all() and apart <= 0.01):
        raise MismatchError(f"{first} and {clause}")
    return clause
