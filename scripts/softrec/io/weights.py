"""Weights read from files: all that the model has, no others, in the shapes that it has; else one sentence.

Libraries fill what a file lacks with random numbers, other ones in every process, and say so in a log at most. So what
was read is held against the model each time.
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
    """Turn whatever libraries raise about a missing or broken file or folder `place` into one `SoftrecError`."""
    try:
        yield
    except (SoftrecError, ModuleChangedError, MemoryError, torch.OutOfMemoryError, torch.AcceleratorError):
        raise  # neither an edited module nor a GPU's faults are the file's
    except Exception as error:  # tokenizers raises just that, and transformers whatever a value leads to
        if "trust_remote_code" in str(error):
            raise SoftrecError(
                f"{place} asks for code of its own, which is never run",
                where="auto_map in its configuration",
                remedy="use a model of an architecture that transformers has, with no auto_map in its configuration",
            ) from error
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise SoftrecError(f"{place} holds no {what}: {said}", remedy=remedy) from error


def stored(folder: Path) -> dict[str, Path]:
    """The file of each weight in a folder's safetensors files, by the weight's name; headers alone are read."""
    from safetensors import safe_open

    found: dict[str, Path] = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as weights:
            found |= dict.fromkeys(weights.keys(), file)
    return found


def require_whole(model: Any, report: Mapping[str, Iterable[Any]], folder: Path) -> None:
    """Raise `SoftrecError` unless transformers has found every weight of `model`, in its shape, and no other.

    Args:
        report: what `from_pretrained(..., output_loading_info=True)` returns beside the model.
        folder: where the weights came from, for the sentence.
    """
    missing = set(report["missing_keys"])
    if tied(model) and not any("embed" in name for name in missing):
        missing.discard(HEAD)  # it is the input embedding
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
    """Raise `SoftrecError` if an output layer is stored that is none by the configuration, with values of its own.

    Args:
        files: where each weight is stored.
    """
    if tied(model) and HEAD in files and not torch.equal(model.lm_head.weight, model.get_input_embeddings().weight):
        raise SoftrecError(
            f"{files[HEAD]} holds {HEAD}, which differs from the input embedding that config.json puts in its place",
            where=str(files[HEAD]),
            remedy="set tie_word_embeddings to false in config.json, or save the model without the layer",
        )


def tied(model: Any) -> bool:
    """Whether the model's output layer is its input embedding."""
    return bool(getattr(model.config, "tie_word_embeddings", False))


def require_safetensors(folder: Path) -> None:
    """Raise `SoftrecError` if an adapter has no file of safetensors: PEFT would unpickle another one."""
    if not (folder / ADAPTER_FILE).is_file():
        remedy = f"remove {folder} and let Snakemake make it again"
        raise SoftrecError(f"{folder} holds no adapter: it has no {ADAPTER_FILE}", remedy=remedy)


def require_adapter(model: Any, folder: Path) -> None:
    """Raise `SoftrecError` unless an adapter's file holds just the weights that a PEFT model has, and finite."""
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
            what = f"{file} holds {name} in {kind}, which is no floating-point number"
            raise SoftrecError(what, where=str(file), remedy=remedy)
    require_same(found, shapes(held), str(file), remedy)
    require_finite(held, str(file), remedy)


def require_same(found: Shapes, wanted: Shapes, place: str, remedy: str) -> None:
    """Raise `SoftrecError` naming the first tensor of `wanted` that `found` lacks, or has in another shape or beside.

    Args:
        found: shape of each tensor in `place`. wanted: shape of each tensor that the model has.
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
        # By its extremes, which are not finite where any number is not: no second tensor of 400 million values.
        if tensor.numel() and tensor.is_floating_point() and not torch.isfinite(torch.stack(tensor.aminmax())).all():
            raise SoftrecError(f"{place} holds {name} with values that are not finite", where=place, remedy=remedy)


def shapes(tensors: Mapping[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def shape(sizes: Sequence[int]) -> str:
    """A shape as people write it: 4 x 16."""
    return " x ".join(map(str, sizes)) or "a single number"


def and_more(names: Sequence[str]) -> str:
    """How many names there are beside the first one."""
    return f" and {len(names) - 1} more" if len(names) > 1 else ""


def require_known_tokens(tokenizer: Any, model: Any, folder: Path) -> None:
    """Raise `SoftrecError` if text may become a token, or begin or end with one, that the model has no embedding of.

    Special tokens other than BOS and EOS stand in no text: many tokenisers have a padding token that no model knows.
    """
    rows = model.get_input_embeddings().num_embeddings
    special = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    unused = special - {tokenizer.bos_token_id, tokenizer.eos_token_id}
    outside = [(i, token) for token, i in tokenizer.get_vocab().items() if i >= rows and i not in unused]
    if outside:
        index, token = min(outside)
        raise SoftrecError(
            f"the tokeniser in {folder} has {token!r} as token {index}, the model's embedding has {rows} rows",
            where=str(folder / "tokenizer.json"),
            remedy="take model and tokeniser from one release, or resize the model's embedding and save both",
        )
