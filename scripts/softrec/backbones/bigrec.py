"""BIGRec (Bao et al., 2023): the history is text alone."""

from typing import Any

import torch

from softrec.prompts import quoted


def item_text(title: str) -> str:
    """How one history item stands in the prompt: its title in double quotes."""
    return quoted(title)


def input_embeddings(model: Any, input_ids: torch.Tensor) -> torch.Tensor:
    """The (B, T, H) input embeddings of (B, T) token ids: the language model's own."""
    return model.get_input_embeddings()(input_ids)
