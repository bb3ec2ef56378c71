"""Beam search on given logits, independent of a model, with the scores of transformers' `generate`.

The score of a text is its log-likelihood divided by its length (EOS included) to the power of the length penalty. The
search of a row ends when it has as many finished texts as beams and its best running beam, scored at its current
length, is no better than the worst of them; with one beam, at the first finished text.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch

NEVER = float("-inf")


class Text(NamedTuple):
    """A finished text: its token ids, and its score."""

    tokens: list[int]
    score: float


class BeamSearch:
    """Batched beam search of B rows with W beams each; finished rows are removed from the batch.

    Args:
        rows: number of rows B.
        beams: number of beams W.
        length: maximum number of tokens of a text.
        length_penalty: exponent of the length in a text's score.
        ends: token ids that end a text.
        device: device of the tensors.

    Attributes:
        row: (B,) original indices of the remaining rows.
        tokens: (B, W, t) tokens of the running beams; before the first step there is one empty beam per row.
        score: (B, W) their summed log-likelihoods.
        finished_score: (B, W) scores of the best finished texts, descending; minus infinity if there are fewer.
        finished: (B, W, t) their tokens, padded by -1.
        texts: the finished texts of each finished row, best first, by its original index: at most W, at least one.
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
        self.texts: dict[int, list[Text]] = {}

    def step(self, logits: torch.Tensor, allowed: torch.Tensor | None = None) -> torch.Tensor:
        """Extend every beam by a token, given (B, W, V) logits; return the (B, W) index of each beam's predecessor.

        More candidates than beams are taken, because each beam may end with any of the `ends`. Tokens outside the
        (B, W, V) mask `allowed` are never taken; log-likelihoods are still those over all V tokens. With fewer allowed
        candidates than beams, the score of the others is minus infinity.
        """
        drawn = max(2, 1 + len(self.ends)) * self.beams
        logits = logits.float()
        value, token = (logits if allowed is None else logits.masked_fill(~allowed, NEVER)).topk(drawn)
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
        """Merge the texts that ended among the first W candidates into the finished texts, and keep the best W.

        Texts that ended among the other candidates are dropped, as in transformers.
        """
        first = slice(0, self.beams)
        scaled = (score / tokens.shape[2] ** self.length_penalty).masked_fill(~ended, NEVER)[:, first]
        padded = torch.nn.functional.pad(self.finished, (0, 1), value=-1)
        merged = torch.cat((self.finished_score, scaled), dim=1), torch.cat((padded, tokens[:, first]), dim=1)
        self.finished_score, chosen = merged[0].topk(self.beams)
        self.finished = pick(merged[1], chosen)

    def done(self) -> torch.Tensor:
        """Return the (B,) mask of rows whose search has ended."""
        t = self.tokens.shape[2]
        if t == self.length:
            return torch.ones_like(self.row, dtype=torch.bool)
        # With fewer than W finished texts, the worst score is minus infinity, so the search continues.
        return (
            self.score[:, 0] / t**self.length_penalty <= self.finished_score[:, -1] if self.beams > 1 else self.found()
        )

    def found(self) -> torch.Tensor:
        """Return the (B,) mask of rows with a finished text."""
        return self.finished_score[:, 0] > NEVER

    def drop_done(self) -> torch.Tensor:
        """Record the texts of finished rows and remove these rows; return the indices of the remaining ones."""
        done = self.done()
        found = (part[done].tolist() for part in (self.row, self.finished, self.finished_score))
        for row, texts, scores in zip(*found, strict=True):
            self.texts[row] = [
                Text([token for token in tokens if token >= 0], score)
                for tokens, score in zip(texts, scores, strict=True)
                if score > NEVER
            ]
        left = torch.nonzero(~done)[:, 0]
        for name in ("row", "tokens", "score", "finished_score", "finished"):
            setattr(self, name, getattr(self, name)[left])
        return left


def pick(values: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Gather (B, K, T) from (B, N, T): the entries of row b at the (B, K) indices places[b]."""
    return values.gather(1, places[..., None].expand(-1, -1, values.shape[2]))
