"""A batch row is one prompt and its branches: several responses that each see the prompt and themselves.

The prompt is run once. Each branch follows it with positions that restart after the prompt, and a 4-D attention mask
keeps branches apart; without dropout this is exactly what separate rows compute (with dropout, the prompt's mask is
shared by its branches; `share_prompt=False` makes separate rows).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

PADDING = -1


@dataclass(frozen=True)
class Row:
    """One prompt x (token ids) and its responses, as pairs of a kind ("y", "yhat") and token ids with EOS."""

    prompt: Sequence[int]
    responses: Sequence[tuple[str, Sequence[int]]]

    def __len__(self) -> int:
        """Tokens of the row when the prompt is shared."""
        return len(self.prompt) + sum(len(tokens) for _, tokens in self.responses)


@dataclass(frozen=True)
class BranchBatch:
    """B rows of T tokens that hold R branches with n response tokens in all.

    Attributes:
        input_ids, position_ids, segment: (B, T); segment is 0 for the prompt, j for branch j, -1 for padding. Positions
            go on in the padding: where they restart, transformers takes a row for several packed ones.
        at_row, at_column: (n,) the position whose hidden state predicts each response token.
        target: (n,) the response token predicted there.
        branch: (n,) the branch 0..R-1 it belongs to.
        owner: (R,) index of the branch's row among the rows given.
        kinds: R kinds of response.
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    segment: torch.Tensor
    at_row: torch.Tensor
    at_column: torch.Tensor
    target: torch.Tensor
    branch: torch.Tensor
    owner: torch.Tensor
    kinds: tuple[str, ...]

    def to(self, device: torch.device) -> "BranchBatch":
        """The same batch on another device."""
        moved = {k: v.to(device) if torch.is_tensor(v) else v for k, v in vars(self).items()}
        return BranchBatch(**moved)

    def attention_mask(self, dtype: torch.dtype) -> torch.Tensor | None:
        """The mask of `attention_mask`, or None where each row has one branch and attention need only be causal.

        Padding is on the right, where nothing but padding sees it. Without a mask attention takes its fastest kernel.
        """
        return None if len(self.kinds) == len(self.input_ids) else attention_mask(self.segment, dtype)

    def of_kind(self, kind: str) -> torch.Tensor:
        """(R,) boolean: which branches are of `kind`."""
        return torch.tensor([k == kind for k in self.kinds], device=self.owner.device)


def collate(rows: Sequence[Row], pad_id: int, share_prompt: bool = True) -> BranchBatch:
    """Lay `rows` out as one right-padded batch; with `share_prompt=False` each branch gets a prompt of its own."""
    units = [(i, row) for i, row in enumerate(rows)]
    if not share_prompt:
        units = [(i, Row(row.prompt, [response])) for i, row in units for response in row.responses]
    width = max(len(row) for _, row in units)
    input_ids = torch.full((len(units), width), pad_id)
    position_ids = torch.arange(width).repeat(len(units), 1)
    segment = torch.full((len(units), width), PADDING)
    at_row, at_column, target, branch, owner, kinds = [], [], [], [], [], []
    for r, (i, row) in enumerate(units):
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
            at_row += [r] * len(tokens)
            at_column += [p - 1, *range(start, end - 1)]
            target += tokens
            branch += [len(kinds)] * len(tokens)
            owner.append(i)
            kinds.append(kind)
            start = end
    indices = [torch.tensor(x, dtype=torch.long) for x in (at_row, at_column, target, branch, owner)]
    return BranchBatch(input_ids, position_ids, segment, *indices, tuple(kinds))


def attention_mask(segment: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The additive (B, 1, T, T) mask: causal, and a branch sees the prompt and itself alone.

    Padding sees only itself, so that no row of the softmax is empty (an empty one would be NaN).
    """
    width = segment.shape[1]
    causal = torch.ones(width, width, dtype=torch.bool, device=segment.device).tril()
    key, query = segment[:, None, :], segment[:, :, None]
    visible = causal & ((key == 0) | (key == query)) & (query >= 0)
    visible |= torch.eye(width, dtype=torch.bool, device=segment.device)
    mask = torch.zeros(visible.shape, dtype=dtype, device=segment.device)
    return mask.masked_fill(~visible, torch.finfo(dtype).min)[:, None]
