"""Loading of a base model's folder by transformers: weights, configuration, tokeniser."""

import os
import warnings
from pathlib import Path
from typing import Any, Literal

import torch

if not torch.cuda.is_available():
    os.environ.setdefault("DS_ACCELERATOR", "cpu")  # transformers and PEFT import deepspeed, which warns without one

from softrec.io.weights import readable, require_all_weights
from softrec.llm.architectures import caps_attention
from softrec.llm.base_files import require_readable, require_size

Precision = Literal["fp32", "bf16"]
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def no_progress_bars() -> None:
    """Disable transformers' progress bars, which need a cursor and would fill log files."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def read_base(folder: Path, precision: Precision) -> tuple[Any, Any]:
    """Load model and tokeniser from a folder, on the CPU. Raises `SoftrecError` like `language_model.load`."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    no_progress_bars()
    # PEFT reads this property of transformers, about which a user can do nothing; the warning would open every log.
    warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)

    needs = "it needs config.json, *.safetensors and the tokeniser's files"
    with readable(folder, "language model that transformers can load", needs):
        stored = require_readable(folder)
        own_files: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        tokenizer = AutoTokenizer.from_pretrained(folder, **own_files)
        # The folder's own setting would override the option, and may name a kernel to be downloaded.
        config = AutoConfig.from_pretrained(folder, **own_files)
        # Either is replaced when kernels are installed (softrec.llm.kernels).
        config._attn_implementation = attention = "eager" if caps_attention(config) else "sdpa"
        config.return_dict = True
        require_size(config, folder, stored)
        # Branches need a custom mask (softrec.llm.branches), which FlashAttention-2 does not support. Mismatched shapes
        # are left to require_all_weights, which names the weight; without use_safetensors, pickles would be loaded too.
        options = {
            **own_files,
            "config": config,
            "dtype": DTYPES[precision],
            "attn_implementation": attention,
            "use_safetensors": True,
        }
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder, **options, output_loading_info=True, ignore_mismatched_sizes=True
        )
        model, report = loaded
        require_all_weights(model, report, folder)
    return model, tokenizer


def causal_model(model: Any) -> Any:
    """Return the causal language model inside a PEFT wrapper (with LoRA layers in place), or the model itself."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model
