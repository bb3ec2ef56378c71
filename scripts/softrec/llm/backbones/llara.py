"""LLaRA (Liao et al., 2024): each title in the history is followed by the item's embedding from a sequential model.

A placeholder follows every history title. In the prompt's token ids it becomes V + item id, where V is the number of
rows of the language model's embedding: one list of integers holds text and items, so code that batches, sorts or
repeats prompts need not handle items. Its input embedding is the projected SASRec embedding of the item. The output
layer has no unit for it, so it is never generated.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import nn

from common.errors import SoftrecError
from softrec.core import seeds
from softrec.core.devices import moved
from softrec.io.weights import readable, require_finite, require_same, shape, shapes
from softrec.llm.architectures import embedding_scale
from softrec.llm.prompts import PLACE, quoted

PLACEHOLDER = "[HistoryEmb]"
FILE = "history.safetensors"
SASREC_ITEMS = "item.weight"


class HistoryEmbedding(nn.Module):
    """Input embeddings of item ids: a frozen table, then Linear(d -> h), GELU, Linear(h -> h), trained in fp32.

    Args:
        table: (N + 1, d) SASRec item embeddings; row 0 is padding.
        hidden: hidden size h of the language model.
    """

    table: torch.Tensor

    def __init__(self, table: torch.Tensor, hidden: int) -> None:
        super().__init__()
        self.register_buffer("table", table)
        self.projector = nn.Sequential(nn.Linear(table.shape[1], hidden), nn.GELU(), nn.Linear(hidden, hidden))

    def forward(self, item: torch.Tensor) -> torch.Tensor:
        """Return the (..., h) embeddings of (...) item ids."""
        return self.projector(self.table[item])


def prepare(tokenizer: Any) -> None:
    """Add the placeholder as a special token, so that it is always one token."""
    tokenizer.add_special_tokens({"additional_special_tokens": [PLACEHOLDER]})


def item_text(title: str) -> str:
    """Return the text of a history item in the prompt: its title in double quotes and the place of its embedding."""
    return f"{quoted(title)} {PLACE}"


def place_items(llm: Any, ids: list[int], items: Sequence[int]) -> list[int]:
    """Replace the placeholders in the prompt's token ids by V + item id, in order.

    Raises:
        SoftrecError: the numbers of placeholders and history items differ.
    """
    token = llm.tokenizer.convert_tokens_to_ids(PLACEHOLDER)
    places = [i for i, found in enumerate(ids) if found == token]
    if len(places) != len(items):
        raise SoftrecError(
            f"a prompt has {len(places)} placeholders {PLACEHOLDER} for {len(items)} items of history",
            remedy="take NUL characters out of the titles of the catalogue",
        )
    placed, start = list(ids), rows_of_embedding(llm.causal)
    for place, item in zip(places, items, strict=True):
        placed[place] = start + item
    return placed


def begin(llm: Any, item_embeddings: Sequence[Path], seed: int) -> None:
    """Add frozen SASRec item embeddings and a projector with new weights from the stream "projector" of `seed`.

    Raises `SoftrecError` unless one file is given that holds finite (N + 1, d) item embeddings.
    """
    if len(item_embeddings) != 1:
        raise SoftrecError(
            "LLaRA needs the item embeddings of one SASRec model", where="--item-embeddings", remedy="give its file"
        )
    remedy = f"remove {item_embeddings[0]} and let Snakemake train SASRec again"
    with readable(item_embeddings[0], "weights of a SASRec model", remedy):
        weights = load_file(item_embeddings[0])
    if SASREC_ITEMS not in weights:
        raise SoftrecError(
            f"{item_embeddings[0]} holds no {SASREC_ITEMS}: it is not a SASRec model",
            where=str(item_embeddings[0]),
            remedy=remedy,
        )
    table = weights[SASREC_ITEMS]
    if table.ndim != 2:
        raise SoftrecError(
            f"{SASREC_ITEMS} in {item_embeddings[0]} has shape {shape(table.shape)}, not items x width",
            where=str(item_embeddings[0]),
            remedy=remedy,
        )
    require_finite({SASREC_ITEMS: table}, str(item_embeddings[0]), remedy)
    with torch.random.fork_rng():
        torch.manual_seed(seeds.derive(seed, "projector"))
        llm.causal.history = HistoryEmbedding(table, llm.causal.config.hidden_size).to(llm.device)


def input_embeddings(model: Any, input_ids: torch.Tensor) -> torch.Tensor:
    """Return the (B, T, H) input embeddings of (B, T) ids on the CPU: the model's own below V, projected items above.

    Items are located on the CPU, where the ids are: on a GPU that would force a synchronisation.
    """
    start = rows_of_embedding(model)
    item = input_ids >= start
    embedded = model.get_input_embeddings()(moved(input_ids.masked_fill(item, 0), model.device))
    places = item.flatten().nonzero()[:, 0]
    if not len(places):
        return embedded
    if not hasattr(model, "history"):
        raise ValueError("the prompt holds items, but the model has no projector: `begin` or `load` comes first")
    history = model.history(moved(input_ids[item] - start, model.device))
    if (scale := embedding_scale(model)) != 1:
        history = history * scale  # as the model's own embeddings, which would otherwise be longer
    history = history.to(embedded.dtype)
    return embedded.flatten(0, -2).index_copy(0, moved(places, model.device), history).view_as(embedded)


def save(model: Any, folder: Path) -> None:
    """Write projector and table to the adapter's folder, so that it needs no SASRec model."""
    state = {name: tensor.cpu().contiguous() for name, tensor in model.history.state_dict().items()}
    (folder / FILE).write_bytes(to_bytes(state))


def load(model: Any, folder: Path) -> None:
    """Read projector and table. Raises `SoftrecError` unless the file holds exactly their weights, in these shapes."""
    remedy = f"remove {folder} and let Snakemake make it again"
    with readable(folder, "adapter of LLaRA", remedy):
        state = load_file(folder / FILE)
    held = shapes(state).get("table", ())
    rows, width = held if len(held) == 2 else (1, 1)
    model.history = HistoryEmbedding(torch.zeros(rows, width), model.config.hidden_size)
    require_same(shapes(state), shapes(model.history.state_dict()), str(folder / FILE), remedy)
    require_finite(state, str(folder / FILE), remedy)
    model.history.load_state_dict(state)
    model.history.to(model.device)


def require_items(model: Any, items: int) -> None:
    """Raise `SoftrecError` if the model has embeddings of another number of items, such as those of another data set.

    A model without item embeddings passes: `begin` adds them later.
    """
    found = len(model.history.table) - 1 if hasattr(model, "history") else items
    if found != items:
        raise SoftrecError(
            f"LLaRA's SASRec model has embeddings of {found} items, but the catalogue has {items}",
            remedy="give a SASRec model, or an adapter, of this data set",
        )


def rows_of_embedding(model: Any) -> int:
    """Return V, the number of token embeddings: ids below it are tokens, ids from V on are items."""
    return model.get_input_embeddings().num_embeddings
