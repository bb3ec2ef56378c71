"""Beam search over given log-likelihoods; it sees no model. The scores are those of transformers' `generate`.

A text's score is its log-likelihood over its length, EOS included, to the power of the length penalty. A row's search
ends when it has as many finished texts as beams and its best running beam, at the length it has, scores no higher
than the worst of them; with one beam at the first finished text.
"""

from collections.abc import Sequence

import torch

NEVER = float("-inf")


class BeamSearch:
    """The searches of B rows side by side, W beams each; rows that are done leave.

    Args:
        rows, beams: B and W. length: the most tokens of a text. ends: token ids that end one.

    Attributes:
        row: (B,) which of the rows at the start the remaining ones are.
        tokens: (B, W, t) the running beams' tokens so far; before the first step one empty beam a row.
        score: (B, W) their summed log-likelihoods.
        best: the best text's token ids of each row that is done, by its number at the start.
    """

    def __init__(
        self, rows: int, beams: int, length: int, length_penalty: float, ends: Sequence[int], device: torch.device
    ) -> None:
        self.beams, self.length, self.length_penalty = beams, length, length_penalty
        self.ends = torch.tensor(list(ends), device=device)
        self.row = torch.arange(rows, device=device)
        self.tokens = torch.zeros(rows, 1, 0, dtype=torch.long, device=device)
        self.score = torch.zeros(rows, 1, device=device)
        self.finished_score = torch.full((rows, beams), NEVER, device=device)
        self.finished = torch.zeros(rows, beams, 0, dtype=torch.long, device=device)
        self.best: dict[int, list[int]] = {}

    def step(self, logits: torch.Tensor) -> torch.Tensor:
        """Add a token to every beam, given the output layer's (B, W, V). Returns (B, W), the beam each continues.

        More candidates are drawn than there are beams: each of them may end in as many ways as there are `ends`.
        """
        drawn = max(2, 1 + len(self.ends)) * self.beams
        logits = logits.float()
        value, token = logits.topk(drawn)
        score = self.score[..., None] + value - logits.logsumexp(-1, keepdim=True)
        score, place = score.flatten(1).topk(drawn)
        parent, token = place // drawn, token.flatten(1).gather(1, place)
        tokens = torch.cat((pick(self.tokens, parent), token[..., None]), dim=2)
        ended = torch.isin(token, self.ends) | (tokens.shape[2] == self.length)
        self.finish(tokens, score, ended)
        self.score, running = score.masked_fill(ended, NEVER).topk(self.beams)
        self.tokens = pick(tokens, running)
        return parent.gather(1, running)

    def finish(self, tokens: torch.Tensor, score: torch.Tensor, ended: torch.Tensor) -> None:
        """Take texts that ended among the first W candidates into the finished ones, of which the best W stay."""
        first = slice(0, self.beams)
        scaled = (score / tokens.shape[2] ** self.length_penalty).masked_fill(~ended, NEVER)[:, first]
        padded = torch.nn.functional.pad(self.finished, (0, 1), value=-1)
        merged = torch.cat((self.finished_score, scaled), dim=1), torch.cat((padded, tokens[:, first]), dim=1)
        self.finished_score, chosen = merged[0].topk(self.beams)
        self.finished = pick(merged[1], chosen)

    def done(self) -> torch.Tensor:
        """(B,) whether a row's search has ended."""
        t = self.tokens.shape[2]
        if t == self.length:
            return torch.ones_like(self.row, dtype=torch.bool)
        # With a text still to come the worst of W is minus infinity, and nothing running is below that.
        return (
            self.score[:, 0] / t**self.length_penalty <= self.finished_score[:, -1] if self.beams > 1 else self.found()
        )

    def found(self) -> torch.Tensor:
        """(B,) whether a row has a finished text."""
        return self.finished_score[:, 0] > NEVER

    def drop_done(self) -> torch.Tensor:
        """Note the best texts of rows that are done and let those rows go. Returns the places of the others."""
        done = self.done()
        for row, tokens in zip(self.row[done].tolist(), self.finished[done, 0].tolist(), strict=True):
            self.best[row] = [token for token in tokens if token >= 0]
        left = torch.nonzero(~done)[:, 0]
        for name in ("row", "tokens", "score", "finished_score", "finished"):
            setattr(self, name, getattr(self, name)[left])
        return left


def pick(values: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """(B, K, T) from (B, N, T): row b's values at places[b], of shape (B, K)."""
    return values.gather(1, places[..., None].expand(-1, -1, values.shape[2]))
