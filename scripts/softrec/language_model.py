"""One language model in memory: loaded once, tuned by LoRA, and the base model again with adapters off."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import torch

if not torch.cuda.is_available():
    os.environ.setdefault("DS_ACCELERATOR", "cpu")  # PEFT imports deepspeed, which warns unless it is told

from softrec import seeds
from softrec.errors import SoftrecError
from softrec.files import read_json, write_json, write_whole

Precision = Literal["fp32", "bf16"]
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class LoraSettings:
    """LoRA (Hu et al., 2021): update W + (alpha / rank) B A on the `targets` linear layers."""

    rank: int
    alpha: float
    dropout: float
    targets: list[str]


@dataclass(frozen=True)
class LanguageModel:
    """A causal language model (with or without LoRA), its tokeniser and the backbone that writes its input."""

    model: Any
    tokenizer: Any
    backbone: ModuleType

    @property
    def causal(self) -> Any:
        """The transformers model inside a PEFT wrapper, LoRA layers in place."""
        return self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.device

    @property
    def context(self) -> int:
        """The most tokens that prompt and response may have together."""
        return int(self.causal.config.max_position_embeddings)

    @property
    def pad_id(self) -> int:
        """A token id for padding; masks keep it from being seen, so any will do."""
        pad = self.tokenizer.pad_token_id
        return int(self.tokenizer.eos_token_id if pad is None else pad)

    @property
    def ends(self) -> list[int]:
        """Token ids that end a text: the tokeniser's EOS and whatever else the model's own configuration names."""
        own = self.causal.generation_config.eos_token_id
        return sorted({self.tokenizer.eos_token_id, *(own if isinstance(own, list) else [own])} - {None})

    @contextmanager
    def inference(self, *, base: bool = False) -> Iterator[None]:
        """No gradients and no dropout; with `base`, adapters off: the un-tuned model."""
        training = self.model.training
        self.model.eval()
        try:
            with torch.inference_mode():
                if base and hasattr(self.model, "disable_adapter"):
                    with self.model.disable_adapter():
                        yield
                else:
                    yield
        finally:
            self.model.train(training)


def no_progress_bars() -> None:
    """Keep transformers' progress bars out of log files, where there is no cursor to move."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def load_backbone(name: str) -> ModuleType:
    """The module of `softrec.backbones` called `name`."""
    from importlib import import_module

    return import_module(f"softrec.backbones.{name}")


@contextmanager
def readable(folder: Path, what: str, remedy: str) -> Iterator[None]:
    """Turn whatever libraries raise about a missing or broken folder into one `SoftrecError`."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, SafetensorError) as error:
        raise SoftrecError(f"{folder} holds no {what}: {error}", remedy=remedy) from error


def load(
    folder: Path, backbone: str, precision: Precision, adapter: Path | None = None, *, trainable: bool = False
) -> LanguageModel:
    """Load a base model from a transformers folder, and an adapter on top of it where one is given.

    With `trainable` the adapter can be tuned on; its weights are in fp32 either way.

    Raises `SoftrecError` if a folder holds no model, or no adapter, that can be read.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    no_progress_bars()

    needs = "it needs config.json, *.safetensors and the tokeniser's files"
    with readable(folder, "language model that transformers can load", needs):
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        # Branches need a mask of their own (softrec.branches), which FlashAttention-2 does not take.
        options = {"dtype": DTYPES[precision], "attn_implementation": "sdpa", "local_files_only": True}
        model = AutoModelForCausalLM.from_pretrained(folder, **options)
    if not (hasattr(model, "model") and hasattr(model, "lm_head")):
        raise SoftrecError(
            f"{folder} holds a {type(model).__name__}, whose layers are not named `model` and `lm_head`",
            remedy="use a model of the Llama family: Llama, Qwen, Mistral, SmolLM and many others",
        )
    if tokenizer.eos_token_id is None:
        raise SoftrecError(f"the tokeniser in {folder} has no EOS token", remedy="set eos_token in its configuration")
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    own = load_backbone(backbone)
    own.prepare(tokenizer)
    if adapter is not None:
        from peft import PeftModel

        with readable(adapter, "adapter that PEFT can load", f"remove {adapter} and let Snakemake make it again"):
            model = PeftModel.from_pretrained(model, adapter, is_trainable=trainable)
            own.load(model.get_base_model(), adapter)
    model.eval()
    return LanguageModel(model, tokenizer, own)


def attach_lora(llm: LanguageModel, settings: LoraSettings, seed: int) -> LanguageModel:
    """A fresh LoRA on the base model: A random from the stream "lora" of `seed`, B zero, both kept in fp32.

    Raises `SoftrecError` if the model has no layer of a name in `settings.targets`.
    """
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=settings.targets if settings.targets != ["all-linear"] else "all-linear",
        bias="none",
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng():
        torch.manual_seed(seeds.derive(seed, "lora"))
        try:
            model = get_peft_model(llm.causal, config)
        except ValueError as error:
            raise SoftrecError(str(error), where="lora.targets", remedy="name linear layers of the model") from error
    return LanguageModel(model, llm.tokenizer, llm.backbone)


def adapter_state(llm: LanguageModel) -> dict[str, torch.Tensor]:
    """The trainable tensors by name, as copies on the CPU."""
    return {n: p.detach().cpu().clone() for n, p in llm.model.named_parameters() if p.requires_grad}


def load_adapter_state(llm: LanguageModel, state: dict[str, torch.Tensor]) -> None:
    """Put tensors of `adapter_state` back."""
    with torch.no_grad():
        for name, parameter in llm.model.named_parameters():
            if parameter.requires_grad:
                parameter.copy_(state[name])


def save_adapter(llm: LanguageModel, folder: Path) -> None:
    """Save the adapter in PEFT's own format (adapter_model.safetensors, adapter_config.json): same adapter, same bytes.

    PEFT writes the base model's path, which has no meaning on another machine, and layer names in the order of a set.
    """
    with write_whole(folder) as partial:
        llm.model.save_pretrained(partial)
        llm.backbone.save(llm.causal, partial)
        (partial / "README.md").unlink(missing_ok=True)  # a generated card with nothing in it
        config = read_json(partial / "adapter_config.json")
        config["base_model_name_or_path"] = None
        config["target_modules"] = sorted(config["target_modules"])
        write_json(partial / "adapter_config.json", config)
