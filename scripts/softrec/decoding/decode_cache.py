"""A key-value cache with preallocated memory for beam search: transformers' own cache is copied in every step."""

from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


class PreallocatedLayer(DynamicLayer):
    """One layer's keys and values, (B, heads, t, d) each, in memory allocated for more than t tokens.

    Args:
        tokens: minimum number of tokens allocated at first.
        more: number of tokens added when the memory is full.
    """

    def __init__(self, tokens: int, more: int) -> None:
        super().__init__()
        self.tokens, self.more = tokens, more
        self.memory: tuple[torch.Tensor, torch.Tensor] | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append keys and values of n tokens, (B, heads, n, d); return those of all tokens so far, as views."""
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
        """Allocate memory for `tokens` tokens at first, later for `total` and `more`; copy the first `before`."""
        room = total + self.more if before else max(self.tokens, total)
        keys, values = (new.new_empty((*new.shape[:-2], room, new.shape[-1])) for new in (key_states, value_states))
        if before:
            assert self.keys is not None
            assert self.values is not None
            keys[..., :before, :], values[..., :before, :] = self.keys, self.values
        return keys, values

    def show(self, total: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Make keys and values views of the first `total` tokens, and return both."""
        assert self.memory is not None
        keys, values = (memory[..., :total, :] for memory in self.memory)
        self.keys, self.values = keys, values
        return keys, values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep these rows of the batch, with their free memory."""
        if self.memory is not None:
            total = self.get_seq_length()
            keys, values = self.memory
            self.memory = keys[indices], values[indices]
            self.show(total)


def preallocated_cache(config: Any, tokens: int, more: int) -> DynamicCache:
    """Make an empty cache for a model, with a `PreallocatedLayer` for each layer.

    Layers with a sliding window have one too. Contexts are no longer than the window, but a row of the cache holds a
    prompt and all of its beams: transformers' own cache would drop the start of the prompt when these are longer.
    """
    cache = DynamicCache(config=config)
    cache.layers = [PreallocatedLayer(tokens, more) for _ in cache.layers]
    return cache
