"""Conversion of a GGUF language model (one file of quantised weights) to a transformers folder that can be tuned."""

import os
from pathlib import Path
from typing import Any

from common.errors import SoftrecError
from softrec.io.weights import require_all_weights

END_OF_TEXT = "<|endoftext|>"


def to_folder(gguf: Path, folder: Path) -> None:
    """Write `folder` with safetensors (bfloat16, the precision in which such models are published) and the tokeniser.

    The weights are dequantised: close to those of the published model, but not equal. Generation stops at the
    tokeniser's EOS and at the end-of-text token, and pads with EOS. Raises `SoftrecError` if the file cannot be parsed,
    or lacks a weight of the model that it describes.
    """
    os.environ["TQDM_DISABLE"] = "1"  # read at import; progress bars would fill the log

    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    place: dict[str, Any] = {
        "pretrained_model_name_or_path": str(gguf.parent),
        "gguf_file": gguf.name,
        "trust_remote_code": False,
    }
    try:
        tokenizer = AutoTokenizer.from_pretrained(**place)
        # Without `dequantize` the model loads but refuses to be saved.
        options: dict[str, Any] = {"dtype": torch.bfloat16, "quantization_config": GgufConfig(dequantize=True)}
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            **place, **options, output_loading_info=True, ignore_mismatched_sizes=True
        )
        model, report = loaded
        require_all_weights(model, report, gguf)
    except SoftrecError:
        raise
    except (ValueError, OSError, KeyError, IndexError, RuntimeError, TypeError) as error:
        raise SoftrecError(
            f"{gguf.name} cannot be read as a GGUF language model: {error}",
            remedy="name a GGUF file of an architecture that transformers converts (Llama is one)",
        ) from error
    stops = stop_tokens(tokenizer)
    model.generation_config.update(eos_token_id=stops, pad_token_id=tokenizer.eos_token_id)
    folder.mkdir()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def stop_tokens(tokenizer: Any) -> list[int]:
    """Return the ids of the tokens that end a text or a turn, ascending."""
    ends = {tokenizer.eos_token_id, tokenizer.get_vocab().get(END_OF_TEXT)}
    return sorted(i for i in ends if i is not None)
