"""BIGRec (Bao et al., 2023): the history is plain text, and no weights are added to the model."""

from softrec.llm.backbones.plain import begin, input_embeddings, load, place_items, prepare, require_items, save
from softrec.llm.prompts import quoted

__all__ = ["begin", "input_embeddings", "item_text", "load", "place_items", "prepare", "require_items", "save"]


def item_text(title: str) -> str:
    """Return the text of a history item in the prompt: its title in double quotes."""
    return quoted(title)
