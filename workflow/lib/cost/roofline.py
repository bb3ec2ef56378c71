"""Operations and bytes of a language model's passes, and the time that one GPU takes for them.

A model of N weights has L layers of width W. A pass takes as long as its operations or its bytes do, whichever is
longer, at the share of the card's peak that is stated here. Constants have their sources beside them.
"""

from typing import NamedTuple

PEAK, EFFICIENCY = 312e12, 0.35  # bf16 operations per second of an A800 or A100, and the share that is reached
BANDWIDTH, READ_SHARE = 2.0e12, 0.6  # bytes per second of its memory, and the share that is reached
BF16 = 2  # bytes of a number
KEPT = 46  # bytes of activations per token, layer and unit of width (docs/cluster.md: 140 kB at a width of 3,072)
KV = 1 / 3  # width of a token's keys, and of its values, in units of W: grouped queries, 8 heads of 24
# Of all keys and values in a step of decoding: where there is a mask, transformers reads them once and writes them for
# each of three query heads that share them; attention reads those. `kernels: fused` reads them once.
MOVES = 7


class Pass(NamedTuple):
    """Operations (a multiplication and an addition are two) and bytes that are read or written."""

    operations: float
    moved: float

    @property
    def compute_seconds(self) -> float:
        """Of its operations alone."""
        return self.operations / (PEAK * EFFICIENCY)

    @property
    def memory_seconds(self) -> float:
        """Of its bytes alone."""
        return self.moved / (BANDWIDTH * READ_SHARE)

    @property
    def seconds(self) -> float:
        """Of one GPU."""
        return max(self.compute_seconds, self.memory_seconds)


class Llm(NamedTuple):
    """A language model's size: N, W, L."""

    weights: float
    width: float
    layers: float

    @property
    def cached(self) -> float:
        """Bytes of a token's keys and values in all layers."""
        return 2 * BF16 * KV * self.width * self.layers

    def forward(self, tokens: float, keys: float) -> float:
        """Operations: 2 N a token, and in each layer W products with each of `keys` for scores and again for sums."""
        return tokens * (2 * self.weights + 4 * keys * self.width * self.layers)

    def activations(self, tokens: float) -> float:
        """Bytes of activations: written once and read once."""
        return 2 * KEPT * self.width * self.layers * tokens


def reading(llm: Llm, rows: float, length: float, batch: int, before: float = 0) -> Pass:
    """A forward pass over `rows` texts of `length` tokens; each batch reads all weights.

    They see `before` tokens more, which are common to all texts: those are run once, and not counted.
    """
    tokens = rows * length
    moved = batches(rows, batch) * BF16 * llm.weights + llm.activations(tokens)
    return Pass(llm.forward(tokens, before + length), moved)


def training(llm: Llm, rows: float, length: float, batch: int, recompute: bool = False) -> Pass:
    """Forward and backward. Attention is counted over the whole square of a row; a causal kernel skips half of it.

    Backward, a frozen matrix needs the gradient of its input alone: 2 N a token again, not 4 N. Attention has no frozen
    side: twice its forward pass. `recompute` (gradient checkpointing) adds another forward pass.
    """
    tokens = rows * length
    attention = llm.forward(tokens, length) - llm.forward(tokens, 0)
    passes = 3 if recompute else 2
    moved = batches(rows, batch) * passes * BF16 * llm.weights + llm.activations(tokens)
    return Pass(passes * llm.forward(tokens, length) + attention, moved)


def decoding(llm: Llm, rows: float, beams: int, prompt: float, said: float) -> Pass:
    """One step of beam search: a token for each beam of `rows` prompts, when each beam has `said` tokens.

    All weights are read once, and the keys and values of each row: its prompt's, and those of all its beams.
    """
    tokens, keys = rows * beams, prompt + beams * said
    moved = BF16 * llm.weights + MOVES * llm.cached * rows * keys + llm.activations(tokens)
    return Pass(llm.forward(tokens, keys), moved)


def batches(rows: float, batch: int) -> int:
    """How many it takes."""
    return int(-(-rows // batch))
