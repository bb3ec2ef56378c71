"""Text as it is, with no history in it: titles and chains of thought are read so by any language model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from common.errors import SoftrecError
from softrec.core.devices import moved


def prepare(tokenizer: Any) -> None:
    """Titles are plain text."""


def place_items(llm: Any, ids: list[int], items: Sequence[int]) -> list[int]:
    """The prompt's token ids as they are."""
    return ids


def begin(llm: Any, item_embeddings: Sequence[Path], seed: int) -> None:
    """Nothing to add."""
    if item_embeddings:
        raise SoftrecError(
            "a model that reads text alone has no use for item embeddings",
            where=f"--item-embeddings {item_embeddings[0]}",
        )


def input_embeddings(model: Any, input_ids: torch.Tensor) -> torch.Tensor:
    """The (B, T, H) input embeddings of (B, T) token ids: the language model's own."""
    return model.get_input_embeddings()(moved(input_ids, model.device))


def save(model: Any, folder: Path) -> None:
    """Nothing to keep."""


def load(model: Any, folder: Path) -> None:
    """Nothing to read."""


def require_items(model: Any, items: int) -> None:
    """Nothing is held of items."""
