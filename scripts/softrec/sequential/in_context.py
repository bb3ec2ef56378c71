"""The decoder of LLM-CF's in-context module: a causal transformer of the Llama kind."""

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

    def forward(self, state: Tensor, rotation: tuple[Tensor, Tensor], visible: Tensor) -> Tensor:
        """(B, T, D) states to (B, T, D); `visible` is (B, 1, T, T), true where a query sees a key."""
        parts = self.query_key_value(self.norm_attention(state)).chunk(3, dim=-1)
        query, key, value = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in parts)
        query, key = rotate(query, *rotation), rotate(key, *rotation)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=visible)
        state = state + self.output(attended.transpose(1, 2).flatten(-2))
        normalised = self.norm_inner(state)
        return state + self.down(functional.silu(self.gate(normalised)) * self.up(normalised))


class Decoder(nn.Module):
    """Two layers and a final norm."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(dim) for _ in range(LAYERS))
        self.norm = nn.RMSNorm(dim)

    def forward(self, tokens: Tensor, real: Tensor) -> Tensor:
        """(B, T, D) hidden states of (B, T, D) tokens, each seeing the `real` (B, T) ones before it, and itself."""
        width = tokens.shape[1]
        causal = torch.ones(width, width, dtype=torch.bool, device=tokens.device).tril()
        itself = torch.eye(width, dtype=torch.bool, device=tokens.device)
        visible = ((causal & real[:, None, :]) | itself)[:, None]
        rotation = rotary(width, tokens.shape[2] // HEADS, tokens.device)
        for layer in self.layers:
            tokens = layer(tokens, rotation, visible)
        return self.norm(tokens)


def rotary(width: int, dim: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosine and sine (width, dim) of the rotary position embedding."""
    frequency = ROPE_BASE ** (-torch.arange(0, dim, 2, device=device) / dim)
    angle = torch.arange(width, device=device)[:, None] * frequency.repeat(2)
    return angle.cos(), angle.sin()


def rotate(part: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn each pair (x_i, x_{i + dim/2}) by its position's angle."""
    first, second = part.chunk(2, dim=-1)
    return part * cosine + torch.cat([-second, first], dim=-1) * sine
