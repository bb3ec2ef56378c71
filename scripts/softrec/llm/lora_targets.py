"""Which linear layers get a LoRA adapter, in PEFT's spellings; what matches no layer is refused."""

import re
from difflib import get_close_matches
from typing import Any, NoReturn

import torch

from common.errors import SoftrecError

ALL_LINEAR = "all-linear"  # PEFT's name for all linear layers except the output layer
SHOWN = 3  # closest names in a message


def require_targets(model: Any, targets: list[str] | str) -> None:
    """Raise `SoftrecError` unless each target matches a linear layer: PEFT only requires that one of them does.

    Args:
        model: a transformers model.
        targets: ends of layer names, `["all-linear"]`, or a regular expression that must match a whole name.
    """
    layers = [name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)]
    if isinstance(targets, str):
        require_expression(model, targets, layers)
        return
    for target in targets:
        if target == ALL_LINEAR and len(targets) == 1:
            continue
        if not any(f".{name}".endswith(f".{target}") for name in layers):
            refuse(f"the model has no linear layer {target!r}", target, layers)


def require_expression(model: Any, expression: str, layers: list[str]) -> None:
    """Raise `SoftrecError` unless a regular expression matches linear layers, and no other module."""
    try:
        matches = re.compile(expression).fullmatch
    except re.error as error:
        what = f"{expression!r} is not a regular expression ({error})"
        raise SoftrecError(what, where="lora.targets", remedy="correct it, or list names of layers") from None
    found = [name for name, _ in model.named_modules() if matches(name)]
    said = f"the regular expression {expression!r} matches"
    if not found:
        refuse(f"{said} no layer's whole name", re.sub(r"\W+", "", expression), layers, whole=True)
    if others := [name for name in found if name not in set(layers)]:
        refuse(f"{said} {others[0]!r}, which is not a linear layer", others[0], layers, whole=True)


def refuse(what: str, target: str, layers: list[str], *, whole: bool = False) -> NoReturn:
    """Raise the error of a target, with the closest names: the last parts of layers, or if `whole` an example."""
    known = sorted({name.rpartition(".")[2] for name in layers})
    near = get_close_matches(target.rpartition(".")[2], known, n=SHOWN, cutoff=0.4) or known
    remedy = f"name some of {', '.join(known)}, or {ALL_LINEAR} alone"
    if whole:
        remedy = f"match whole names, such as {next(name for name in layers if name.endswith(near[0]))}"
    raise SoftrecError(f"{what}; the closest are {', '.join(near)}", where="lora.targets", remedy=remedy)
