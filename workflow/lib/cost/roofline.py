"""Roofline model of a language model's passes: operations, bytes, and the time on one GPU.

A model of N weights has L layers of width W. The time of a pass is the larger of the times of its operations and of its
bytes, at the stated share of the GPU's peak. The sources of constants are in comments.
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
    """A pass: operations (a multiply-add is two), and bytes that are read or written."""

    operations: float
    moved: float

    @property
    def compute_seconds(self) -> float:
        """Seconds of the operations alone."""
        return self.operations / (PEAK * EFFICIENCY)

    @property
    def memory_seconds(self) -> float:
        """Seconds of the memory traffic alone."""
        return self.moved / (BANDWIDTH * READ_SHARE)

    @property
    def seconds(self) -> float:
        """Seconds on one GPU: the larger of the two."""
        return max(self.compute_seconds, self.memory_seconds)


class Llm(NamedTuple):
    """A language model's size: N, W, L; and the width of a token's keys, if it is known."""

    weights: float
    width: float
    layers: float
    keys: float | None = None

    @property
    def cached(self) -> float:
        """Bytes of a token's keys and values in all layers."""
        return 2 * BF16 * (self.keys or KV * self.width) * self.layers

    def forward(self, tokens: float, keys: float) -> float:
        """Return operations: 2 N per token, and 4 W per layer, token and key for attention scores and weighted sums."""
        return tokens * (2 * self.weights + 4 * keys * self.width * self.layers)

    def activations(self, tokens: float) -> float:
        """Return the bytes of activations, which are written once and read once."""
        return 2 * KEPT * self.width * self.layers * tokens


def reading(llm: Llm, rows: float, length: float, batch: int, before: float = 0) -> Pass:
    """Return a forward pass over `rows` texts of `length` tokens; each batch reads all weights.

    Texts attend to `before` more tokens, which are common to all texts; these are run once, and not counted.
    """
    tokens = rows * length
    moved = batches(rows, batch) * BF16 * llm.weights + llm.activations(tokens)
    return Pass(llm.forward(tokens, before + length), moved)


def training(llm: Llm, rows: float, length: float, batch: int, recompute: bool = False) -> Pass:
    """Return a forward and backward pass; attention is counted without causal skipping, which would save half of it.

    In the backward pass a frozen matrix needs only the gradient of its input: 2 N per token, not 4 N. Attention has no
    frozen factor: twice its forward pass. `recompute` (gradient checkpointing) adds another forward pass.
    """
    tokens = rows * length
    attention = llm.forward(tokens, length) - llm.forward(tokens, 0)
    passes = 3 if recompute else 2
    moved = batches(rows, batch) * passes * BF16 * llm.weights + llm.activations(tokens)
    return Pass(passes * llm.forward(tokens, length) + attention, moved)


def decoding(llm: Llm, rows: float, beams: int, prompt: float, said: float) -> Pass:
    """Return one step of beam search: a token for each beam of `rows` prompts, when each beam has `said` tokens.

    All weights are read once, and the keys and values of each row's prompt and of all its beams.
    """
    tokens, keys = rows * beams, prompt + beams * said
    moved = BF16 * llm.weights + MOVES * llm.cached * rows * keys + llm.activations(tokens)
    return Pass(llm.forward(tokens, keys), moved)


def batches(rows: float, batch: int) -> int:
    """Return the number of batches of `rows` rows."""
    return int(-(-rows // batch))
