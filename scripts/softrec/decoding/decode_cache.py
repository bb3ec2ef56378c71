"""Keys and values of a beam search, with room for the tokens to come: transformers' own cache is copied every step."""

from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


class RoomyLayer(DynamicLayer):
    """One layer's keys and values, (B, heads, t, d) each, in memory that has room for more than t tokens.

    Args:
        tokens: what there is room for at first, at least.
        more: tokens by which the room grows when it is used up.
    """

    def __init__(self, tokens: int, more: int) -> None:
        super().__init__()
        self.tokens, self.more = tokens, more
        self.memory: tuple[torch.Tensor, torch.Tensor] | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append tokens' keys and values, (B, heads, n, d). Returns those of all tokens so far, as views."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        before = self.get_seq_length()
        total = before + key_states.shape[-2]
        if self.memory is None or total > self.memory[0].shape[-2]:
            self.memory = self.grown(key_states, value_states, before, total)
        assert self.memory is not None
        for memory, new in zip(self.memory, (key_states, value_states), strict=True):
            memory[..., before:total, :] = new
        return self.show(total)

    def grown(
        self, key_states: torch.Tensor, value_states: torch.Tensor, before: int, total: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Memory that has room for `total` tokens and some more, and holds the first `before`."""
        room = total + self.more if before else max(self.tokens, total)
        keys, values = (new.new_empty((*new.shape[:-2], room, new.shape[-1])) for new in (key_states, value_states))
        if before:
            assert self.keys is not None
            assert self.values is not None
            keys[..., :before, :], values[..., :before, :] = self.keys, self.values
        return keys, values

    def show(self, total: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Let keys and values be views of the first `total` tokens, and return both."""
        assert self.memory is not None
        keys, values = (memory[..., :total, :] for memory in self.memory)
        self.keys, self.values = keys, values
        return keys, values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep these rows of the batch, and the room."""
        if self.memory is not None:
            total = self.get_seq_length()
            keys, values = self.memory
            self.memory = keys[indices], values[indices]
            self.show(total)


def roomy_cache(config: Any, tokens: int, more: int) -> DynamicCache:
    """An empty cache for a model: what attends to everything has a `RoomyLayer`.

    A layer with a sliding window keeps transformers' own: contexts are no longer than its window.
    """
    cache = DynamicCache(config=config)
    cache.layers = [RoomyLayer(tokens, more) if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache
