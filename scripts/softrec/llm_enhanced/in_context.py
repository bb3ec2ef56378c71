"""The decoder of LLM-CF's in-context module: a causal transformer with Llama's layers."""

import torch
from torch import Tensor, nn
from torch.nn import functional

LAYERS, HEADS, INNER = 2, 2, 96
ROPE_BASE = 10_000.0


class DecoderLayer(nn.Module):
    """x + Attention(RMSNorm(x)), then + SwiGLU(RMSNorm(x)); rotary positions, no biases."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm_attention, self.norm_inner = nn.RMSNorm(dim), nn.RMSNorm(dim)
        self.query_key_value, self.output = nn.Linear(dim, 3 * dim, bias=False), nn.Linear(dim, dim, bias=False)
        self.gate, self.up = nn.Linear(dim, INNER, bias=False), nn.Linear(dim, INNER, bias=False)
        self.down = nn.Linear(INNER, dim, bias=False)

    def forward(self, state: Tensor, rotation: tuple[Tensor, Tensor], visible: Tensor, asked: slice) -> Tensor:
        """Compute the states (B, Q, D) of the Q `asked` positions from states (B, T, D).

        `rotation` is that of `rotary`. A position attends where `visible` (B, 1, T, T) is true.
        """
        normalised = self.norm_attention(state)
        ask, key, value = self.query_key_value.weight.chunk(3)
        query = rotate(heads(functional.linear(normalised[:, asked], ask)), *(part[asked] for part in rotation))
        key, value = (heads(functional.linear(normalised, weight)) for weight in (key, value))
        seen = visible[:, :, asked]
        attended = functional.scaled_dot_product_attention(query, rotate(key, *rotation), value, attn_mask=seen)
        state = state[:, asked] + self.output(attended.transpose(1, 2).flatten(-2))
        normalised = self.norm_inner(state)
        return state + self.down(functional.silu(self.gate(normalised)) * self.up(normalised))


def heads(part: Tensor) -> Tensor:
    """Reshape (B, T, D) to (B, HEADS, T, D / HEADS)."""
    return part.unflatten(-1, (HEADS, -1)).transpose(1, 2)


class Decoder(nn.Module):
    """Two decoder layers and a final norm."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(dim) for _ in range(LAYERS))
        self.norm = nn.RMSNorm(dim)

    def forward(self, tokens: Tensor, real: Tensor, asked: slice) -> Tensor:
        """Return the hidden states (B, Q, D) of the Q `asked` positions of (B, T, D) tokens.

        Each token attends to itself and to the earlier tokens that are `real` (B, T). The last layer computes only the
        asked positions.
        """
        width = tokens.shape[1]
        causal = torch.ones(width, width, dtype=torch.bool, device=tokens.device).tril()
        # A token without any visible token would make the softmax NaN, so each sees itself, real or not.
        itself = torch.eye(width, dtype=torch.bool, device=tokens.device)
        visible = ((causal & real[:, None, :]) | itself)[:, None]
        rotation = rotary(width, tokens.shape[2] // HEADS, tokens.device)
        for layer in self.layers[:-1]:
            tokens = layer(tokens, rotation, visible, slice(None))
        return self.norm(self.layers[-1](tokens, rotation, visible, asked))


def rotary(width: int, dim: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return cosine and sine (width, dim) of the rotary position embedding."""
    frequency = ROPE_BASE ** (-torch.arange(0, dim, 2, device=device) / dim)
    angle = torch.arange(width, device=device)[:, None] * frequency.repeat(2)
    return angle.cos(), angle.sin()


def rotate(part: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotate each pair (x_i, x_{i + dim/2}) by the angle of its position."""
    first, second = part.chunk(2, dim=-1)
    return part * cosine + torch.cat([-second, first], dim=-1) * sine
