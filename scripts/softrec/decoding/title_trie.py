"""A trie of the catalogue's titles, to which decoding can be constrained.

A title is the sequence of tokens that the model is tuned on: in quotes, and EOS (`softrec.llm.prompts.Encoder`). Other
sequences that decode to the same text are not in the trie. Every sequence ends with EOS, which none has before its
end, so a title that is the start of another one has a path of its own.
"""

from collections.abc import Sequence

import numpy as np
import torch

from common.errors import SoftrecError
from softrec.core.devices import moved
from softrec.llm.prompts import Encoder, quoted

TOKEN_BITS = 32  # an edge's key is its parent's number and, in the lowest 32 bits, its token


class TitleTrie:
    """Titles as paths from node 0, in two sorted arrays.

    Nodes are numbered level by level, so edge j leads to node j + 1, and the edges of a node are neighbours. With the
    61,528 titles of the paper's largest catalogue at 20 tokens each there are at most 1.23 million edges: 10 MB of
    keys, 10 MB of `first`, 5 MB of `of_node`. Titles that begin alike share edges.

    Args:
        sequences: token ids of each title, EOS last.
        titles: the titles. Of several titles with equal sequences, the first stands for all.

    Attributes:
        key: (E,) parent * 2^32 + token of each edge, ascending.
        first: (E + 3,) node n has the edges first[n] to first[n + 1] - 1. Node E + 1 stands for what is no title, and
            has none.
        of_node: (E + 2,) index of the title that ends at a node, or -1.
    """

    def __init__(self, sequences: Sequence[Sequence[int]], titles: Sequence[str]) -> None:
        self.titles = titles
        order = sorted(range(len(sequences)), key=lambda i: (sequences[i], i))
        length = np.array([len(sequences[i]) for i in order])
        flat = np.concatenate([np.asarray(sequences[i], np.int64) for i in order])
        start = np.cumsum(length) - length
        node, keys, edges = np.zeros(len(order), np.int64), [], 0
        for depth in range(int(length.max())):
            here = np.flatnonzero(length > depth)
            key, child = np.unique((node[here] << TOKEN_BITS) | flat[start[here] + depth], return_inverse=True)
            node[here] = edges + 1 + child
            keys.append(key)
            edges += len(key)
        self.key = np.concatenate(keys)
        self.first = np.searchsorted(self.key, np.arange(edges + 3, dtype=np.int64) << TOKEN_BITS)
        self.of_node = np.full(edges + 2, -1, np.int32)
        self.of_node[node[::-1]] = np.array(order[::-1], np.int32)  # the first of equal sequences is written last
        self.copies: dict[torch.device, tuple[torch.Tensor, torch.Tensor]] = {}

    def on(self, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        """Return `key` and `first` on a device; they are copied to it once."""
        if device not in self.copies:
            key, first = (moved(torch.from_numpy(part), device) for part in (self.key, self.first))
            self.copies[device] = key, first
        return self.copies[device]

    def title(self, tokens: Sequence[int]) -> str:
        """Return the title with these token ids. Raises `KeyError` if there is none."""
        node = 0
        for token in tokens:
            wanted = (node << TOKEN_BITS) | token
            place = int(np.searchsorted(self.key, wanted))
            if place == len(self.key) or self.key[place] != wanted:
                raise KeyError(tuple(tokens))
            node = place + 1
        if (index := int(self.of_node[node])) < 0:
            raise KeyError(tuple(tokens))
        return self.titles[index]


class TrieWalk:
    """The nodes of the running beams of B rows, moved with the search.

    Attributes:
        node: (B, W) nodes; before the first step there is one beam per row, at the root.
    """

    def __init__(self, trie: TitleTrie, rows: int, device: torch.device) -> None:
        self.key, self.first = trie.on(device)
        self.node = torch.zeros(rows, 1, dtype=torch.long, device=device)

    def allowed(self, vocabulary: int) -> torch.Tensor:
        """Return the (B, W, V) mask of tokens that lead on: 33 MB for 64 rows, 4 beams and 128,256 tokens."""
        node = self.node.flatten()
        start = self.first[node]
        count = self.first[node + 1] - start
        beam = torch.repeat_interleave(torch.arange(len(node), device=node.device), count)
        before = torch.cumsum(count, 0) - count
        edge = torch.arange(len(beam), device=node.device) + (start - before)[beam]
        allowed = torch.zeros(len(node), vocabulary, dtype=torch.bool, device=node.device)
        allowed[beam, self.key[edge] & (2**TOKEN_BITS - 1)] = True
        return allowed.view(*self.node.shape, vocabulary)

    def step(self, left: torch.Tensor, parent: torch.Tensor, token: torch.Tensor) -> None:
        """Follow the beams of the rows that are `left`: from the (B, W) predecessors `parent` by one `token` each.

        A beam of score minus infinity may have any token: it goes to the node without edges.
        """
        wanted = (self.node[left].gather(1, parent) << TOKEN_BITS) | token
        place = torch.searchsorted(self.key, wanted).clamp(max=len(self.key) - 1)
        self.node = torch.where(self.key[place] == wanted, place + 1, len(self.key) + 1)


def catalogue_trie(titles: Sequence[str], encoder: Encoder, ends: Sequence[int], most: int) -> TitleTrie:
    """Build the trie of a catalogue's distinct titles.

    Args:
        titles: the distinct titles.
        encoder: encodes a title as a response.
        ends: token ids that end a text.
        most: maximum number of tokens of a generated text.

    Raises:
        SoftrecError: a title has more tokens than may be generated, or one that would end the text within it.
    """
    sequences = [[*tokens, encoder.eos] for tokens in encoder.batch([quoted(title) for title in titles])]
    longest = max(range(len(titles)), key=lambda i: len(sequences[i]))
    if (tokens := len(sequences[longest])) > most:
        raise SoftrecError(
            f"the longest title, {titles[longest]!r:.90}, has {tokens} tokens with its quotes and EOS, but a generated "
            f"text may have {most}",
            where="generation.constrained: trie",
            remedy=f"set generation.max_new_tokens (for LLaRA, max_new_tokens_llara) to at least {tokens}, or cap "
            "titles with filter.title_words",
        )
    stop = set(ends)
    for title, own in zip(titles, sequences, strict=True):
        if not stop.isdisjoint(own[:-1]):
            raise SoftrecError(
                f"the title {title!r:.90} has a token that ends a text",
                where="generation.constrained: trie",
                remedy="set generation.constrained to none, or take a tokeniser whose EOS is no text",
            )
    return TitleTrie(sequences, titles)
