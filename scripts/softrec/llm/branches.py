"""Batches whose rows hold one prompt and its branches: responses that each attend to the prompt and themselves.

The prompt is computed once. The positions of each branch continue after the prompt, and a 4-D attention mask separates
branches. Without dropout this computes exactly what separate rows compute; with dropout, branches share the dropout
mask of their prompt (`share_prompt=False` makes separate rows).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from softrec.core.devices import moved

PADDING = -1
ALIGNED = 8  # elements: if a mask's rows are not aligned, a GPU's attention copies the mask in every layer


@dataclass(frozen=True)
class Row:
    """One prompt x (token ids) and its responses, as pairs of a kind ("y", "yhat") and token ids with EOS."""

    prompt: Sequence[int]
    responses: Sequence[tuple[str, Sequence[int]]]

    def __len__(self) -> int:
        """Return the number of tokens of the row if its branches share the prompt."""
        return len(self.prompt) + sum(len(tokens) for _, tokens in self.responses)


@dataclass(frozen=True)
class BranchBatch:
    """B rows of T tokens that hold R branches with n response tokens in all.

    Attributes:
        input_ids, position_ids, segment: (B, T); segment is 0 for the prompt, j for branch j, -1 for padding. Positions
            continue in the padding: if they restarted, transformers would treat the row as several packed sequences.
        at_row, at_column: (n,) indices of the hidden state that predicts each response token.
        target: (n,) the response tokens to predict.
        length: (R,) number of response tokens of each branch; branches are concatenated, so they sum to n.
        kinds: the kind of each of the R responses.
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    segment: torch.Tensor
    at_row: torch.Tensor
    at_column: torch.Tensor
    target: torch.Tensor
    length: torch.Tensor
    kinds: tuple[str, ...]

    def to(self, device: torch.device) -> "BranchBatch":
        """Move all tensors but `input_ids` to a device.

        `input_ids` stay on the CPU: a backbone looks for items in them, which on a GPU would force a synchronisation,
        and moves what it needs itself.
        """
        others: dict[str, Any] = {
            k: moved(v, device) for k, v in vars(self).items() if torch.is_tensor(v) and k != "input_ids"
        }
        return replace(self, **others)

    def attention_mask(self, dtype: torch.dtype) -> torch.Tensor | None:
        """Return the mask of `attention_mask`, or None if each row has one branch, for which causal attention suffices.

        Padding is on the right, so only padding attends to it. Without a mask, attention uses its fastest kernel.
        """
        return None if len(self.kinds) == len(self.input_ids) else attention_mask(self.segment, dtype)


def collate(rows: Sequence[Row], pad_id: int, share_prompt: bool = True) -> BranchBatch:
    """Collate `rows` into one right-padded batch; with `share_prompt=False` each branch gets its own prompt."""
    if not share_prompt:
        rows = [Row(row.prompt, [response]) for row in rows for response in row.responses]
    width = max(map(len, rows))
    input_ids = torch.full((len(rows), width), pad_id)
    position_ids = torch.arange(width).repeat(len(rows), 1)
    segment = torch.full((len(rows), width), PADDING)
    kinds: list[str] = []
    at: dict[str, list[int]] = {name: [] for name in ("at_row", "at_column", "target", "length")}
    for r, row in enumerate(rows):
        p = len(row.prompt)
        input_ids[r, :p] = torch.as_tensor(row.prompt)
        segment[r, :p] = 0
        start = p
        for j, (kind, tokens) in enumerate(row.responses, start=1):
            end = start + len(tokens)
            input_ids[r, start:end] = torch.as_tensor(tokens)
            position_ids[r, start:end] = torch.arange(p, p + len(tokens))
            segment[r, start:end] = j
            # The first token is predicted by the prompt's last hidden state, each later one by its predecessor's.
            at["at_row"] += [r] * len(tokens)
            at["at_column"] += [p - 1, *range(start, end - 1)]
            at["target"] += tokens
            at["length"].append(len(tokens))
            kinds.append(kind)
            start = end
    indices = {name: torch.tensor(values, dtype=torch.long) for name, values in at.items()}
    return BranchBatch(input_ids, position_ids, segment, **indices, kinds=tuple(kinds))


def attention_mask(segment: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Build the additive (B, 1, T, T) mask: causal, and a branch attends only to the prompt and itself.

    Padding attends only to itself, so that no row of the softmax is empty (an empty one would be NaN).
    """
    width = segment.shape[1]
    causal = torch.ones(width, width, dtype=torch.bool, device=segment.device).tril()
    key, query = segment[:, None, :], segment[:, :, None]
    visible = causal & ((key == 0) | (key == query)) & (query >= 0)
    visible |= torch.eye(width, dtype=torch.bool, device=segment.device)
    return additive_mask(visible, dtype)


def additive_mask(visible: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Build the (B, 1, Q, K) attention mask: zero where `visible` (B, Q, K) is true, the lowest number elsewhere."""
    mask = aligned(visible.shape, torch.empty(0, dtype=dtype, device=visible.device)).zero_()
    return mask.masked_fill_(~visible, torch.finfo(dtype).min)[:, None]


def aligned(shape: Sequence[int], like: torch.Tensor) -> torch.Tensor:
    """Allocate a tensor whose rows start at multiples of `ALIGNED` elements, with the dtype and device of `like`."""
    *others, width = shape
    return like.new_empty((*others, width + -width % ALIGNED))[..., :width]
