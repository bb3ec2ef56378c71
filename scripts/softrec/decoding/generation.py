"""Generation of texts from prompts by beam search, without sampling (paper, section 3.1: yhat = LLM_SFT(x)).

The common prefix of all prompts is computed once, and each prompt once for all its beams. Beams are branches of their
prompt, like responses in training (`softrec.llm.branches`): every step appends one token per beam to the row, and the
attention mask lets a beam attend to the prompt and its own tokens. So no beam holds a copy of the prompt, and the cache
is not reordered when beams are. Results are those of transformers' `generate`, up to the order of sums.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from transformers import DynamicCache

from common.log import Progress
from softrec.core import distributed
from softrec.core.devices import moved
from softrec.decoding.beam_search import BeamSearch, Text, pick
from softrec.decoding.decode_cache import preallocated_cache
from softrec.decoding.finished_texts import GenerationCheckpoint
from softrec.decoding.title_trie import TitleTrie, TrieWalk
from softrec.llm.architectures import logits
from softrec.llm.branches import additive_mask
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import quoted

STEPS_AT_ONCE = 16  # decoding steps for which the cache allocates memory at once: most titles are shorter


@dataclass(frozen=True)
class GenerationSettings:
    """Settings of beam search: `beams` per prompt, up to `max_new_tokens` tokens, `batch_size` prompts at once.

    The score of a text is its log-likelihood divided by its length to the power of `length_penalty`: 1 (the authors'
    setting) compares means over tokens, which favours long titles; 0 compares log-likelihoods.
    """

    beams: int
    max_new_tokens: int
    batch_size: int
    length_penalty: float = 1.0


class Generated(NamedTuple):
    """A generated text without special tokens, and whether the model ended it (EOS) before the limit."""

    text: str
    finished: bool


class Beam(NamedTuple):
    """One of a prompt's generated texts, as `Generated`, and its score in the search."""

    text: str
    finished: bool
    score: float


class Prompts(NamedTuple):
    """B prompts after prefill.

    Attributes:
        cache: their keys and values, (B, heads, P, d) in each layer.
        visible: (B, P) mask of the places that hold a token of the prompt (not padding).
        length: (B,) numbers of tokens.
        last: (B, H) hidden states of the last tokens.
    """

    cache: DynamicCache
    visible: torch.Tensor
    length: torch.Tensor
    last: torch.Tensor


def generate(
    llm: LanguageModel,
    prompts: Sequence[Sequence[int]],
    settings: GenerationSettings,
    name: str = "generate",
    kept: GenerationCheckpoint | None = None,
) -> list[Generated]:
    """Generate the best beam's text for each prompt (token ids, BOS included), in the order of the prompts."""
    return [Generated(*beams[0][:2]) for beams in generate_beams(llm, prompts, settings, name, kept)]


def generate_beams(
    llm: LanguageModel,
    prompts: Sequence[Sequence[int]],
    settings: GenerationSettings,
    name: str = "generate",
    kept: GenerationCheckpoint | None = None,
    trie: TitleTrie | None = None,
    most: int = 1,
) -> list[list[Beam]]:
    """Generate the texts of at most `most` beams for each prompt, best first, in the order of the prompts.

    Prompts of similar length are batched together, which saves padding. Batches are sharded over ranks, and each rank
    gets all texts. With `kept`, batches finished by an earlier attempt are not generated again, and new ones are kept.
    With a `trie`, texts are its titles, in quotes. A row has fewer texts than beams only if its search found no more.
    """
    order = sorted(range(len(prompts)), key=lambda i: (-len(prompts[i]), i))
    batches = [order[start : start + settings.batch_size] for start in range(0, len(order), settings.batch_size)]
    results = distributed.broadcast_from_main(lambda: load_texts(kept)) if kept else {}
    own = distributed.shard([chosen for chosen in batches if not results.keys() >= set(chosen)])
    progress = Progress(name, sum(len(chosen) for chosen in own))
    with llm.inference():
        start = common_start(prompts)
        shared = prefill(llm, [start]).cache if start and own else DynamicCache(config=llm.causal.config)
        for chosen in own:
            rests = [prompts[i][len(start) :] for i in chosen]
            run = prefill(llm, rests, shared, room=STEPS_AT_ONCE * settings.beams)
            texts = search(llm, run, settings, trie)
            answers = [[beam(llm, text, trie) for text in own[:most]] for own in texts]
            if kept:
                keep(kept, chosen, answers)
            results.update(zip(chosen, answers, strict=True))
            progress.step(len(chosen))
    found = distributed.all_gather(results)
    return [found[i] for i in range(len(prompts))]


def keep(kept: GenerationCheckpoint, rows: Sequence[int], answers: Sequence[Sequence[Beam]]) -> None:
    """Add a batch that has just been finished to the checkpoint."""
    of_each = [row for row, beams in zip(rows, answers, strict=True) for _ in beams]
    texts, finished, scores = zip(*(beam for beams in answers for beam in beams), strict=True)
    kept.add(of_each, texts, finished, scores)


def load_texts(kept: GenerationCheckpoint) -> dict[int, list[Beam]]:
    """Return the texts that were kept, by row, best first."""
    found: dict[int, list[Beam]] = {}
    for batch in kept.load():
        own: dict[int, list[Beam]] = {}
        for row, text in zip(batch.rows, zip(batch.texts, batch.finished, batch.scores, strict=True), strict=True):
            own.setdefault(row, []).append(Beam(*text))
        found |= own
    return found


def common_start(prompts: Sequence[Sequence[int]]) -> Sequence[int]:
    """Return the longest common prefix of all prompts that leaves at least one token of each, whose state is needed."""
    if not prompts:
        return []
    # In lexicographic order the common prefix of the first and the last is that of all prompts.
    first, last = min(prompts), max(prompts)  # type: ignore[type-var]
    most = min(len(prompt) for prompt in prompts) - 1
    return first[: next((i for i in range(most) if first[i] != last[i]), most)]


def prefill(
    llm: LanguageModel, prompts: Sequence[Sequence[int]], shared: DynamicCache | None = None, room: int = 0
) -> Prompts:
    """Run prompts, padded on the right, through the model.

    Args:
        llm: the language model.
        prompts: token ids of each prompt, without the prefix whose cache is `shared`.
        shared: cache of a common prefix of all prompts, or None.
        room: number of tokens per row that the cache allocates beyond the prompt, and adds when it is full.
    """
    before = shared.get_seq_length() if shared else 0
    lengths = torch.tensor([len(prompt) for prompt in prompts])
    ids = torch.full((len(prompts), int(lengths.max())), llm.pad_id)
    for row, prompt in enumerate(prompts):
        ids[row, : len(prompt)] = torch.as_tensor(prompt)
    cache = preallocated_cache(llm.causal.config, before + ids.shape[1] + room, room)
    layers: Sequence[Any] = shared.layers if shared and before else []
    for number, layer in enumerate(layers):
        cache.update(*(part.expand(len(prompts), -1, -1, -1) for part in (layer.keys, layer.values)), number)
    place = torch.arange(before + ids.shape[1])
    # Only padding follows a prompt, and a causal mask hides it from the prompt's tokens.
    causal = (place[None, :] <= place[before:, None]).expand(len(prompts), -1, -1)
    embedded = llm.backbone.input_embeddings(llm.causal, ids)
    states = run(llm, embedded, place[before:].expand_as(ids), causal, cache)
    last = states[torch.arange(len(prompts)), lengths - 1]
    visible = place[None, :] < (before + lengths)[:, None]
    return Prompts(cache, moved(visible, llm.device), moved(before + lengths, llm.device), last)


def run(
    llm: LanguageModel, embedded: torch.Tensor, position: torch.Tensor, visible: torch.Tensor, cache: DynamicCache
) -> torch.Tensor:
    """Compute (B, Q, H) states of embedded tokens at (B, Q) positions that attend to the `visible` (B, Q, K) places."""
    return llm.causal.model(
        inputs_embeds=embedded,
        attention_mask=additive_mask(moved(visible, llm.device), embedded.dtype),
        position_ids=moved(position, llm.device),
        past_key_values=cache,
        use_cache=True,
    ).last_hidden_state


def search(
    llm: LanguageModel, prompts: Prompts, settings: GenerationSettings, trie: TitleTrie | None = None
) -> list[list[Text]]:
    """Return the texts of each prompt's beams, best first; modifies the prompts' cache.

    With a `trie`, a beam is only extended by tokens that lead to one of its titles.
    """
    cache, prompt, position, states = *prompts[:3], prompts.last[:, None]
    beams = BeamSearch(
        len(prompt), settings.beams, settings.max_new_tokens, settings.length_penalty, llm.ends, llm.device
    )
    past = torch.zeros(len(prompt), 1, 0, dtype=torch.bool, device=llm.device)
    own = torch.eye(settings.beams, dtype=torch.bool, device=llm.device)
    walk = TrieWalk(trie, len(prompt), llm.device) if trie else None
    while True:
        scores = logits(llm.causal, states)
        parent = beams.step(scores, walk.allowed(scores.shape[-1]) if walk else None)
        left = beams.drop_done()
        if not len(left):
            return [beams.texts[row] for row in range(len(prompts.length))]
        if walk:
            walk.step(left, parent[left], beams.tokens[..., -1])
        if len(left) < len(parent):
            cache.batch_select_indices(left)
            prompt, position, parent, past = (part[left] for part in (prompt, position, parent, past))
        past = torch.cat((pick(past, parent), own.expand(len(left), -1, -1)), dim=2)
        visible = torch.cat((prompt[:, None].expand(-1, settings.beams, -1), past), dim=2)
        # The model's own embeddings, not the backbone's: items are never generated.
        embedded = llm.causal.get_input_embeddings()(beams.tokens[..., -1])
        states = run(llm, embedded, position[:, None].expand(-1, settings.beams), visible, cache)
        position = position + 1


def beam(llm: LanguageModel, text: Text, trie: TitleTrie | None) -> Beam:
    """Decode a text of the search; with a trie it is the title itself in quotes, whatever the tokeniser decodes."""
    if trie:
        return Beam(quoted(trie.title(text.tokens)), True, text.score)
    return Beam(*decode(llm, text.tokens), text.score)


def decode(llm: LanguageModel, tokens: list[int]) -> Generated:
    """Decode the text up to the first token that ends a text."""
    end = next((i for i, token in enumerate(tokens) if token in llm.ends), None)
    return Generated(llm.tokenizer.decode(tokens[:end], skip_special_tokens=True), end is not None)
