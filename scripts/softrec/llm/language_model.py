"""A language model in memory: loading, LoRA adapters, and inference with the tuned or the base model."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from common.errors import SoftrecError
from common.files import atomic_write, read_json, write_json
from softrec.core import garbage, seeds
from softrec.io.weights import readable, require_adapter, require_safetensors, require_same, shapes
from softrec.llm.base_files import require_usable, window
from softrec.llm.base_model import Precision, causal_model, read_base
from softrec.llm.kernels import Kernels, install
from softrec.llm.lora_targets import ALL_LINEAR, require_targets


@dataclass(frozen=True)
class LoraSettings:
    """LoRA (Hu et al., 2021): update W + (alpha / rank) B A on the `targets` linear layers.

    `targets` are ends of layer names, `["all-linear"]`, or a regular expression that matches whole names.
    """

    rank: int
    alpha: float
    dropout: float
    targets: list[str] | str


@dataclass(frozen=True)
class LanguageModel:
    """A causal language model (with or without LoRA), its tokeniser, and the backbone that builds its inputs."""

    model: Any
    tokenizer: Any
    backbone: ModuleType
    end_of_turn: int | None = None  # the token that ends a reply in the model's chat template, if that is used

    @property
    def causal(self) -> Any:
        """The transformers model inside a PEFT wrapper, with LoRA layers in place."""
        return causal_model(self.model)

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return self.model.device

    @property
    def context(self) -> int:
        """Maximum number of tokens of prompt and response together.

        It is at most the sliding window, if the model has one: masks of branches (softrec.llm.branches) ignore it.
        """
        positions = self.causal.config.max_position_embeddings
        return min(positions, window(self.causal.config) or positions)

    @property
    def pad_id(self) -> int:
        """Token id for padding: EOS unless a pad token has an embedding; masks hide it, so any id works."""
        pad = self.tokenizer.pad_token_id
        known = pad is not None and pad < self.causal.get_input_embeddings().num_embeddings
        return int(pad if known else self.tokenizer.eos_token_id)

    @property
    def ends(self) -> list[int]:
        """Token ids that end a text: EOS, those of the generation configuration, and the chat template's."""
        own = self.causal.generation_config.eos_token_id
        ends = {self.tokenizer.eos_token_id, *(own if isinstance(own, list) else [own]), self.end_of_turn}
        return sorted(ends - {None})

    @contextmanager
    def inference(self, *, base: bool = False) -> Iterator[None]:
        """Disable gradients, dropout and compiled layers; with `base`, also adapters, which gives the untuned model."""
        training = self.model.training
        self.model.eval()
        try:
            # The cache grows with each token and differs by layer, so compiled layers would be recompiled each time.
            with torch.inference_mode(), torch.compiler.set_stance("force_eager"):
                if base and hasattr(self.model, "disable_adapter"):
                    with self.model.disable_adapter():
                        yield
                else:
                    yield
        finally:
            self.model.train(training)


def load_backbone(name: str) -> ModuleType:
    """Import the module `name` of `softrec.llm.backbones`."""
    from importlib import import_module

    return import_module(f"softrec.llm.backbones.{name}")


def load(
    folder: Path,
    backbone: str,
    precision: Precision,
    adapter: Path | None = None,
    *,
    kernels: Kernels = "eager",
    trainable: bool = False,
) -> LanguageModel:
    """Load a base model from a transformers folder, and optionally an adapter on top of it.

    With `trainable` the adapter can be tuned further; its weights are in fp32 in any case.

    Raises `SoftrecError` if the base model or the adapter cannot be loaded, has missing, unexpected or non-finite
    weights, or requires custom code, which is never run; if the tokeniser has no EOS token; or if the model is not of
    the Llama family.
    """
    model, tokenizer = read_base(folder, precision)
    if not (hasattr(model, "model") and hasattr(model, "lm_head")):
        raise SoftrecError(
            f"{folder} holds a {type(model).__name__}, whose layers are not named `model` and `lm_head`",
            remedy="use a model of the Llama family: Llama, Qwen, Mistral, SmolLM and many others",
        )
    if tokenizer.eos_token_id is None:
        raise SoftrecError(f"the tokeniser in {folder} has no EOS token", remedy="set eos_token in its configuration")
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    require_usable(model, tokenizer, folder)
    install(model, kernels)
    own = load_backbone(backbone)
    own.prepare(tokenizer)
    if adapter is not None:
        from peft import PeftModel

        require_safetensors(adapter)
        with readable(adapter, "adapter that PEFT can load", f"remove {adapter} and let Snakemake make it again"):
            # PEFT's default is "cuda", which safetensors takes as GPU 0 in every rank.
            device = str(model.device)
            model = PeftModel.from_pretrained(
                model, adapter, is_trainable=trainable, torch_device=device, local_files_only=True
            )
            require_adapter(model, adapter)
        own.load(model.get_base_model(), adapter)
    model.eval()
    garbage.collect_as_usual()
    return LanguageModel(model, tokenizer, own)


def attach_lora(llm: LanguageModel, settings: LoraSettings, seed: int) -> LanguageModel:
    """Attach a new LoRA adapter to the base model: A random from the stream "lora" of `seed`, B zero, both in fp32.

    Raises `SoftrecError` unless `settings.targets` name linear layers of the model.
    """
    from peft import LoraConfig, get_peft_model

    require_targets(llm.causal, settings.targets)
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,  # type: ignore[arg-type]  # PEFT divides it by the rank: a float will do
        lora_dropout=settings.dropout,
        target_modules=ALL_LINEAR if settings.targets == [ALL_LINEAR] else settings.targets,
        bias="none",
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng():
        torch.manual_seed(seeds.derive(seed, "lora"))
        try:
            model = get_peft_model(llm.causal, config)
        except ValueError as error:
            raise SoftrecError(str(error), where="lora.targets", remedy="name linear layers of the model") from error
    return replace(llm, model=model)


def adapter_state(llm: LanguageModel) -> dict[str, torch.Tensor]:
    """Return copies of the trainable tensors on the CPU, by name."""
    return {n: p.detach().cpu().clone() for n, p in llm.model.named_parameters() if p.requires_grad}


def load_adapter_state(llm: LanguageModel, state: dict[str, torch.Tensor]) -> None:
    """Restore the tensors of `adapter_state`. Raises `SoftrecError` unless they match the trainable ones exactly."""
    trainable = {name: p for name, p in llm.model.named_parameters() if p.requires_grad}
    remedy = "remove the checkpoint's folder, and the run begins anew"
    require_same(shapes(state), shapes(trainable), "the adapter in the checkpoint", remedy)
    with torch.no_grad():
        for name, parameter in trainable.items():
            parameter.copy_(state[name])


def save_adapter(llm: LanguageModel, folder: Path) -> None:
    """Save the adapter in PEFT's format (adapter_model.safetensors, adapter_config.json), byte for byte reproducible.

    PEFT alone would write the base model's path, which is specific to a machine, and layer names in the order of a set.
    """
    with atomic_write(folder) as partial:
        llm.model.save_pretrained(partial)
        llm.backbone.save(llm.causal, partial)
        (partial / "README.md").unlink(missing_ok=True)  # PEFT's model card template, never filled in
        config = read_json(partial / "adapter_config.json")
        config["base_model_name_or_path"] = None
        if isinstance(config["target_modules"], list):  # else a regular expression
            config["target_modules"] = sorted(config["target_modules"])
        write_json(partial / "adapter_config.json", config)
