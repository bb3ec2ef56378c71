"""BIGRec (Bao et al., 2023): the history is text alone, and the model has no weights but its own."""

from softrec.llm.backbones.plain import begin, input_embeddings, load, place_items, prepare, require_items, save
from softrec.llm.prompts import quoted

__all__ = ["begin", "input_embeddings", "item_text", "load", "place_items", "prepare", "require_items", "save"]


def item_text(title: str) -> str:
    """How one history item stands in the prompt: its title in double quotes."""
    return quoted(title)
