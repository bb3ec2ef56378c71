"""The SASRec encoder (Kang and McAuley, 2018) in the variant of Liao et al., whom the paper follows.

It computes one score per item from the state at the last position of a window. Windows are padded on the right. The
causal mask hides padding from all valid positions, so padding is masked only once, as keys of the last block. The last
block computes only the query at the last valid position, because no other state of this block is used.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor, nn
from torch.nn import functional

from common import files
from common.errors import SoftrecError
from softrec.io.weights import readable, require_finite, require_same, shapes
from softrec.sequential.windows import PAD

ITEM_STD, POSITION_STD = 0.01, 1.0  # as in the code of DROS and DLLM2Rec


@dataclass(frozen=True)
class EncoderSettings:
    """The shape of the encoder.

    Attributes:
        dim: width of embeddings and states (64).
        blocks: number of attention blocks, or of GRU4Rec's layers (1).
        heads: attention heads per block (1).
        length: number of positions, the longest window (10).
        dropout: rate on embeddings, attention weights and the feed-forward output during training (0.1).
    """

    dim: int
    blocks: int
    heads: int
    length: int
    dropout: float


class Block(nn.Module):
    """Attention and point-wise feed-forward network.

    q = LN(query); a = q + Attention(q, memory, memory); h = LN(a); output = LN(h + FFN(h)).
    Unlike in a usual transformer block, keys and values are not normalised, there is no output projection, and the
    residual connection starts from the normalised query.
    """

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__()
        dim = settings.dim
        self.heads, self.rate = settings.heads, settings.dropout
        self.norm_query, self.norm_hidden, self.norm_output = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.query, self.value = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim, bias=False)  # a bias would cancel in the softmax
        self.inner, self.outer = nn.Linear(dim, dim), nn.Linear(dim, dim)

    def forward(self, query: Tensor, memory: Tensor, allowed: Tensor) -> Tensor:
        """Return states (B, Q, D) of `query` (B, Q, D), which attend to `memory` (B, L, D) where `allowed`.

        `allowed` is boolean and broadcasts to (B, Q, heads, L); every query needs at least one allowed position.
        """
        normalised = self.norm_query(query)
        hidden = self.norm_hidden(normalised + self.attend(normalised, memory, allowed))
        inner = self.outer(functional.relu(self.inner(hidden)))
        return self.norm_output(hidden + functional.dropout(inner, self.rate, self.training))

    def attend(self, query: Tensor, memory: Tensor, allowed: Tensor) -> Tensor:
        """Return scaled dot-product attention, (B, Q, D), without computing keys or values.

        With keys K x_j and values V x_j + v, the score q.(K x_j) is (K'q).x_j, and the output sum_j w_j (V x_j + v) is
        V (sum_j w_j x_j) + v sum_j w_j. So both projections are computed once per query, not once per position.
        """
        split = (self.heads, query.shape[-1] // self.heads)
        queries = self.query(query).unflatten(-1, split)
        folded = torch.einsum("bqhd,hde->bqhe", queries, self.key.weight.unflatten(0, split))
        score = (folded.flatten(1, 2) @ memory.transpose(1, 2)).unflatten(1, (-1, self.heads)) * split[1] ** -0.5
        weight = score.masked_fill(~allowed, -torch.inf).softmax(dim=-1)
        weight = functional.dropout(weight, self.rate, self.training)  # the weights no longer sum to 1
        mixed = (weight.flatten(1, 2) @ memory).unflatten(1, (-1, self.heads))
        value = torch.einsum("bqhe,hde->bqhd", mixed, self.value.weight.unflatten(0, split))
        return (value + self.value.bias.unflatten(0, split) * weight.sum(dim=-1, keepdim=True)).flatten(-2)


class Network(nn.Module):
    """A network from right-padded windows to states; the scores of items are linear in the state.

    Attributes:
        output: the output layer from states (B, D) to scores (B, N); row j belongs to item j + 1.
    """

    output: nn.Linear

    def forward(self, window: Tensor, length: Tensor) -> Tensor:
        """Return the state (B, D) of each window (B, L), whose first `length` (B,) entries are items 1..N."""
        raise NotImplementedError


def require_catalogue(items: int) -> None:
    """Raise `SoftrecError` if a catalogue has fewer than two items."""
    if items < 2:
        raise SoftrecError(f"a catalogue of {items} items leaves nothing to rank", where="the catalogue")


class Encoder(Network):
    """Scores of the items 1..N for right-padded windows of item ids.

    Item embeddings are initialised from N(0, 0.01^2), position embeddings from N(0, 1), other layers by torch's
    defaults. The output layer has its own weights, which are not tied to the item embeddings; its row j belongs to item
    j + 1. Row 0 of the item embedding is padding: zero, never trained, never ranked.

    Raises:
        SoftrecError: `dim` is not a multiple of `heads`, or there are fewer than two items.
    """

    def __init__(self, items: int, settings: EncoderSettings) -> None:
        super().__init__()
        if settings.dim % settings.heads:
            raise SoftrecError(f"dim {settings.dim} is not a multiple of heads {settings.heads}", where="settings")
        require_catalogue(items)
        self.item = nn.Embedding(items + 1, settings.dim, padding_idx=PAD, sparse=True)  # see rowwise.py
        self.position = nn.Embedding(settings.length, settings.dim)
        self.blocks = nn.ModuleList(Block(settings) for _ in range(settings.blocks))
        self.norm = nn.LayerNorm(settings.dim)
        self.output = nn.Linear(settings.dim, items)
        self.rate = settings.dropout
        with torch.no_grad():
            self.item.weight.normal_(0, ITEM_STD)[PAD] = 0
            self.position.weight.normal_(0, POSITION_STD)

    def embed(self, window: Tensor) -> Tensor:
        """Return input embeddings (B, L, D) of a window (B, L): item + position. DLLM2Rec adds title embeddings."""
        return self.item(window) + self.position.weight[: window.shape[1]]

    def forward(self, window: Tensor, length: Tensor) -> Tensor:
        """Return the state (B, D) at the last valid position of each window.

        Args:
            window: (B, L) item ids, right-padded with 0, L at most `length`.
            length: (B,) number of items in each window, at least 1.
        """
        state = functional.dropout(self.embed(window), self.rate, self.training)
        width = window.shape[1]
        earlier = torch.ones(width, width, dtype=torch.bool, device=window.device).tril()[:, None]
        for block in self.blocks[:-1]:
            state = block(state, state, earlier)
        rows = torch.arange(len(window), device=window.device)
        last = state[rows, length - 1][:, None]
        valid = torch.arange(width, device=window.device) < length[:, None]
        return self.norm(self.blocks[-1](last, state, valid[:, None, None]))[:, 0]

    def score(self, state: Tensor, item: Tensor) -> Tensor:
        """Return the scores (B, K) of items (B, K), ids in 1..N, for states (B, D)."""
        weight = functional.embedding(item - 1, self.output.weight, sparse=True)
        return (weight * state[:, None]).sum(dim=-1) + self.output.bias[item - 1]

    def score_all(self, state: Tensor) -> Tensor:
        """Return the scores (B, N) of all items in float64; column j belongs to item j + 1."""
        return functional.linear(state.double(), self.output.weight.double(), self.output.bias.double())


def save(model: nn.Module, path: Path) -> None:
    """Write the weights as safetensors, atomically."""
    with files.atomic_write(path) as partial:
        partial.write_bytes(to_bytes(model.state_dict()))


def load(model: nn.Module, path: Path) -> None:
    """Read weights into `model`.

    Raises:
        SoftrecError: the file is broken, has non-finite values, or holds a model of another shape or catalogue.
    """
    remedy = f"remove {path} and let Snakemake train again"
    with readable(path, "ID-based sequential recommender", remedy):
        state = load_file(path)
    require_same(shapes(state), shapes(model.state_dict()), str(path), remedy)
    require_finite(state, str(path), remedy)
    model.load_state_dict(state)
