"""Checks of weights read from files: none missing, none unexpected, all finite and of the model's shapes.

Libraries initialise missing weights randomly, differently in each process, and at most log a warning. Therefore loaded
weights are always compared with the model.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from common.errors import SoftrecError
from common.loaded_modules import ModuleChangedError

ADAPTER_FILE = "adapter_model.safetensors"
HEAD = "lm_head.weight"  # the output layer
FLOATS = ("F64", "F32", "F16", "BF16")
Shapes = Mapping[str, Sequence[int]]


@contextmanager
def readable(place: Path, what: str, remedy: str) -> Iterator[None]:
    """Turn any exception of a library about a missing or broken file or folder `place` into a `SoftrecError`."""
    try:
        yield
    except (SoftrecError, ModuleChangedError, MemoryError, torch.OutOfMemoryError, torch.AcceleratorError):
        raise  # the file is not the cause of an edited module or a GPU error
    except Exception as error:  # tokenizers raises plain Exception, transformers any type for an invalid value
        if "trust_remote_code" in str(error):
            raise SoftrecError(
                f"{place} asks for code of its own, which is never run",
                where="auto_map in its configuration",
                remedy="use a model of an architecture that transformers has, with no auto_map in its configuration",
            ) from error
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise SoftrecError(f"{place} holds no {what}: {said}", remedy=remedy) from error


def stored(folder: Path) -> dict[str, Path]:
    """Map each weight's name in a folder's safetensors files to its file; reads only headers."""
    from safetensors import safe_open

    found: dict[str, Path] = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as weights:
            found |= dict.fromkeys(weights.keys(), file)
    return found


def require_all_weights(model: Any, report: Mapping[str, Iterable[Any]], folder: Path) -> None:
    """Raise `SoftrecError` unless transformers has found exactly the weights of `model`, in their shapes.

    Args:
        model: the loaded model.
        report: the second result of `from_pretrained(..., output_loading_info=True)`.
        folder: the folder of the weights.
    """
    missing = set(report["missing_keys"])
    if has_tied_head(model) and not any("embed" in name for name in missing):
        missing.discard(HEAD)  # a tied output layer is the input embedding, which is present
    expected = [name for name in model.state_dict() if name in missing] + sorted(missing - set(model.state_dict()))
    unexpected = sorted(report["unexpected_keys"])
    kind, files = type(model).__name__, stored(folder)
    remedy = f"fetch {folder} again, or save the model again by save_pretrained of a plain {kind}"
    if expected:
        held = f"; it has {unexpected[0]}{and_more(unexpected)} instead" if unexpected else ""
        raise SoftrecError(
            f"{folder} lacks the weight {expected[0]}{and_more(expected)} of its {kind}{held}",
            where=", ".join(sorted({file.name for file in files.values()})) or str(folder),
            remedy=remedy,
        )
    if unexpected:
        raise SoftrecError(
            f"{folder} holds the weight {unexpected[0]}{and_more(unexpected)}, which its {kind} does not have",
            where=str(files.get(unexpected[0], folder)),
            remedy=f"let config.json describe the model that the weights are of, or {remedy}",
        )
    for name, found, wanted in sorted(report["mismatched_keys"]):
        raise SoftrecError(
            f"{folder} holds {name} of shape {shape(found)}, but its {kind} has it of shape {shape(wanted)}",
            where=str(files.get(name, folder)),
            remedy=f"let config.json describe the model that the weights are of, or {remedy}",
        )
    require_tied(model, files)


def require_tied(model: Any, files: Mapping[str, Path]) -> None:
    """Raise `SoftrecError` if the configuration ties the output layer, but `files` store another one."""
    if (
        has_tied_head(model)
        and HEAD in files
        and not torch.equal(model.lm_head.weight, model.get_input_embeddings().weight)
    ):
        raise SoftrecError(
            f"{files[HEAD]} holds {HEAD}, which differs from the input embedding that config.json ties it to",
            where=str(files[HEAD]),
            remedy="set tie_word_embeddings to false in config.json, or save the model without the layer",
        )


def has_tied_head(model: Any) -> bool:
    """Whether the model's output layer is tied to its input embedding."""
    return bool(getattr(model.config, "tie_word_embeddings", False))


def require_safetensors(folder: Path) -> None:
    """Raise `SoftrecError` if an adapter has no safetensors file: PEFT would fall back to a pickle."""
    if not (folder / ADAPTER_FILE).is_file():
        remedy = f"remove {folder} and let Snakemake make it again"
        raise SoftrecError(f"{folder} holds no adapter: it has no {ADAPTER_FILE}", remedy=remedy)


def require_adapter(model: Any, folder: Path) -> None:
    """Raise `SoftrecError` unless an adapter's file holds exactly a PEFT model's weights, as finite floats."""
    from peft import get_peft_model_state_dict
    from safetensors import safe_open

    file = folder / ADAPTER_FILE
    with safe_open(file, framework="pt") as weights:
        parts = {name: weights.get_slice(name) for name in weights.keys()}  # noqa: SIM118 (no mapping)
        found = {name: part.get_shape() for name, part in parts.items()}
        kinds = {name: part.get_dtype() for name, part in parts.items()}
    held, remedy = get_peft_model_state_dict(model), f"remove {folder} and let Snakemake make it again"
    for name, kind in kinds.items():
        if kind not in FLOATS:
            what = f"{file} holds {name} in {kind}, which is not a floating-point type"
            raise SoftrecError(what, where=str(file), remedy=remedy)
    require_same(found, shapes(held), str(file), remedy)
    require_finite(held, str(file), remedy)


def require_same(found: Shapes, wanted: Shapes, place: str, remedy: str) -> None:
    """Raise `SoftrecError` naming the first tensor that is missing, unexpected or of another shape.

    Args:
        found: shapes of the tensors in `place`, by name.
        wanted: shapes of the model's tensors, by name.
        place: the file, for the message.
        remedy: the remedy in the message.
    """
    lacking = [name for name in wanted if name not in found]
    surplus = [name for name in found if name not in wanted]
    if lacking:
        held = f"; it has {surplus[0]}{and_more(surplus)} instead" if surplus else ""
        raise SoftrecError(f"{place} lacks {lacking[0]}{and_more(lacking)}{held}", where=place, remedy=remedy)
    if surplus:
        what = f"{place} holds {surplus[0]}{and_more(surplus)}, which the model does not have"
        raise SoftrecError(what, where=place, remedy=remedy)
    for name in wanted:
        if list(found[name]) != list(wanted[name]):
            raise SoftrecError(
                f"{place} holds {name} of shape {shape(found[name])}, the model has it of shape {shape(wanted[name])}",
                where=place,
                remedy=remedy,
            )


def require_finite(tensors: Mapping[str, torch.Tensor], place: str, remedy: str) -> None:
    """Raise `SoftrecError` naming the first tensor that holds a NaN or infinity."""
    for name, tensor in tensors.items():
        # Minimum and maximum are not finite if any value is not; this avoids a mask of up to 400 million values.
        if tensor.numel() and tensor.is_floating_point() and not torch.isfinite(torch.stack(tensor.aminmax())).all():
            raise SoftrecError(f"{place} holds {name} with values that are not finite", where=place, remedy=remedy)


def shapes(tensors: Mapping[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def shape(sizes: Sequence[int]) -> str:
    """Format a shape as "4 x 16"."""
    return " x ".join(map(str, sizes)) or "a single number"


def and_more(names: Sequence[str]) -> str:
    """Format the number of names after the first one as " and 2 more"."""
    return f" and {len(names) - 1} more" if len(names) > 1 else ""


def require_known_tokens(tokenizer: Any, model: Any, folder: Path) -> None:
    """Raise `SoftrecError` if text, BOS or EOS can become a token without an embedding in the model.

    Other special tokens never occur in a text: many tokenisers have a padding token that the model does not know.
    """
    rows = model.get_input_embeddings().num_embeddings
    special = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    unused = special - {tokenizer.bos_token_id, tokenizer.eos_token_id}
    outside = [(i, token) for token, i in tokenizer.get_vocab().items() if i >= rows and i not in unused]
    if outside:
        index, token = min(outside)
        raise SoftrecError(
            f"the tokeniser in {folder} has {token!r} as token {index}, but the model's embedding has {rows} rows",
            where=str(folder / "tokenizer.json"),
            remedy="take model and tokeniser from one release, or resize the model's embedding and save both",
        )
