"""Plain text without a history, for title embeddings and chains of thought."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from common.errors import SoftrecError
from softrec.core.devices import moved


def prepare(tokenizer: Any) -> None:
    """Do nothing: plain text needs no special tokens."""


def place_items(llm: Any, ids: list[int], items: Sequence[int]) -> list[int]:
    """Return the prompt's token ids unchanged."""
    return ids


def begin(llm: Any, item_embeddings: Sequence[Path], seed: int) -> None:
    """Add nothing. Raises `SoftrecError` if item embeddings are given."""
    if item_embeddings:
        raise SoftrecError(
            "a text-only backbone does not use item embeddings",
            where=f"--item-embeddings {item_embeddings[0]}",
        )


def input_embeddings(model: Any, input_ids: torch.Tensor) -> torch.Tensor:
    """Return the (B, T, H) input embeddings of (B, T) token ids: the language model's own."""
    return model.get_input_embeddings()(moved(input_ids, model.device))


def save(model: Any, folder: Path) -> None:
    """Do nothing: there are no weights to save."""


def load(model: Any, folder: Path) -> None:
    """Do nothing: there are no weights to load."""


def require_items(model: Any, items: int) -> None:
    """Do nothing: there are no weights of items."""
