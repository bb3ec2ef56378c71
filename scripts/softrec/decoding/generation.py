"""From prompts to texts: beam search, no sampling, the best beam (paper, section 3.1: yhat = LLM_SFT(x)).

What prompts have in common is run once, and each prompt once for all its beams. A row's beams are branches of its
prompt, as responses are in training (`softrec.llm.branches`): every step appends one token a beam to the row, and the
attention mask lets a beam see the prompt and its own past. So no beam has a copy of the prompt, and when beams change
places nothing is moved. The arithmetic is that of transformers' `generate`, but for the order of sums.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from transformers import DynamicCache

from common.log import Progress
from softrec.core import distributed
from softrec.core.devices import moved
from softrec.decoding.beam_search import BeamSearch, pick
from softrec.decoding.decode_cache import roomy_cache
from softrec.decoding.finished_texts import KeptAnswers
from softrec.llm.branches import additive_mask
from softrec.llm.language_model import LanguageModel

STEPS_AT_ONCE = 16  # of decoding, for which a cache makes room: most titles have ended by then


@dataclass(frozen=True)
class GenerationSettings:
    """Beam search: `beams` wide, at most `max_new_tokens` long, `batch_size` prompts at once.

    A text's score is its log-likelihood over its length to the power of `length_penalty`: 1 (the authors' setting)
    compares token means, which favours long titles; 0 compares log-likelihoods.
    """

    beams: int
    max_new_tokens: int
    batch_size: int
    length_penalty: float = 1.0


class Generated(NamedTuple):
    """A generated text without special tokens, and whether the model ended it (EOS) before the limit."""

    text: str
    finished: bool


class Prompts(NamedTuple):
    """B prompts that have been run.

    Attributes:
        cache: their keys and values, (B, heads, P, d) in each layer.
        visible: (B, P) which of the P places hold a token of the prompt.
        length: (B,) its tokens.
        last: (B, H) the state of its last token.
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
    kept: KeptAnswers | None = None,
) -> list[Generated]:
    """The best beam's text for each prompt (token ids, BOS included), in the order of the prompts.

    Prompts of like length share a batch, which saves padding. Ranks share the batches and all get all texts. With
    `kept`, batches that an earlier attempt has finished are not run again, and those of this one are kept.
    """
    order = sorted(range(len(prompts)), key=lambda i: (-len(prompts[i]), i))
    batches = [order[start : start + settings.batch_size] for start in range(0, len(order), settings.batch_size)]
    results = distributed.broadcast_from_main(lambda: answers_of(kept)) if kept else {}
    own = distributed.shard([chosen for chosen in batches if not results.keys() >= set(chosen)])
    progress = Progress(name, sum(len(chosen) for chosen in own))
    with llm.inference():
        start = common_start(prompts)
        shared = prefill(llm, [start]).cache if start and own else DynamicCache(config=llm.causal.config)
        for chosen in own:
            rests = [prompts[i][len(start) :] for i in chosen]
            run = prefill(llm, rests, shared, room=STEPS_AT_ONCE * settings.beams)
            answers = [decode(llm, tokens) for tokens in search(llm, run, settings)]
            if kept:
                kept.add(chosen, [answer.text for answer in answers], [answer.finished for answer in answers])
            results.update(zip(chosen, answers, strict=True))
            progress.step(len(chosen))
    found = distributed.all_gather(results)
    return [found[i] for i in range(len(prompts))]


def answers_of(kept: KeptAnswers) -> dict[int, Generated]:
    """The answers that were kept, by row."""
    return {
        row: Generated(text, finished)
        for batch in kept.load()
        for row, text, finished in zip(batch.rows, batch.texts, batch.finished, strict=True)
    }


def common_start(prompts: Sequence[Sequence[int]]) -> Sequence[int]:
    """The tokens that all prompts begin with, at least one token short of each: a prompt's last state is its own."""
    if not prompts:
        return []
    first, last = min(prompts), max(prompts)  # type: ignore[type-var]  # all others lie between them, and so begin as both do
    most = min(len(prompt) for prompt in prompts) - 1
    return first[: next((i for i in range(most) if first[i] != last[i]), most)]


def prefill(
    llm: LanguageModel, prompts: Sequence[Sequence[int]], shared: DynamicCache | None = None, room: int = 0
) -> Prompts:
    """Run prompts, padded on the right; with `shared`, what follows the tokens whose cache that is.

    Args:
        room: tokens a row that the cache has room for beside the prompt, and grows by.
    """
    before = shared.get_seq_length() if shared else 0
    lengths = torch.tensor([len(prompt) for prompt in prompts])
    ids = torch.full((len(prompts), int(lengths.max())), llm.pad_id)
    for row, prompt in enumerate(prompts):
        ids[row, : len(prompt)] = torch.as_tensor(prompt)
    cache = roomy_cache(llm.causal.config, before + ids.shape[1] + room, room)
    layers: Sequence[Any] = shared.layers if shared and before else []
    for number, layer in enumerate(layers):
        cache.update(*(part.expand(len(prompts), -1, -1, -1) for part in (layer.keys, layer.values)), number)
    place = torch.arange(before + ids.shape[1])
    # What follows a prompt is padding, and a causal mask keeps it from being seen.
    causal = (place[None, :] <= place[before:, None]).expand(len(prompts), -1, -1)
    embedded = llm.backbone.input_embeddings(llm.causal, ids)
    states = run(llm, embedded, place[before:].expand_as(ids), causal, cache)
    last = states[torch.arange(len(prompts)), lengths - 1]
    visible = place[None, :] < (before + lengths)[:, None]
    return Prompts(cache, moved(visible, llm.device), moved(before + lengths, llm.device), last)


def run(
    llm: LanguageModel, embedded: torch.Tensor, position: torch.Tensor, visible: torch.Tensor, cache: DynamicCache
) -> torch.Tensor:
    """States (B, Q, H) of embedded tokens at positions (B, Q), which see `visible` (B, Q, K) places of the cache."""
    return llm.causal.model(
        inputs_embeds=embedded,
        attention_mask=additive_mask(moved(visible, llm.device), embedded.dtype),
        position_ids=moved(position, llm.device),
        past_key_values=cache,
        use_cache=True,
    ).last_hidden_state


def search(llm: LanguageModel, prompts: Prompts, settings: GenerationSettings) -> list[list[int]]:
    """The token ids of the best text of each prompt. The prompts' cache is used up."""
    cache, prompt, position, states = *prompts[:3], prompts.last[:, None]
    beams = BeamSearch(
        len(prompt), settings.beams, settings.max_new_tokens, settings.length_penalty, llm.ends, llm.device
    )
    past = torch.zeros(len(prompt), 1, 0, dtype=torch.bool, device=llm.device)
    own = torch.eye(settings.beams, dtype=torch.bool, device=llm.device)
    while True:
        parent = beams.step(llm.causal.lm_head(states))
        left = beams.drop_done()
        if not len(left):
            return [beams.best[row] for row in range(len(prompts.length))]
        if len(left) < len(parent):
            cache.batch_select_indices(left)
            prompt, position, parent, past = (part[left] for part in (prompt, position, parent, past))
        past = torch.cat((pick(past, parent), own.expand(len(left), -1, -1)), dim=2)
        visible = torch.cat((prompt[:, None].expand(-1, settings.beams, -1), past), dim=2)
        embedded = llm.causal.get_input_embeddings()(beams.tokens[..., -1])  # no item is ever generated
        states = run(llm, embedded, position[:, None].expand(-1, settings.beams), visible, cache)
        position = position + 1


def decode(llm: LanguageModel, tokens: list[int]) -> Generated:
    """The text up to the first token that ends a text."""
    end = next((i for i, token in enumerate(tokens) if token in llm.ends), None)
    return Generated(llm.tokenizer.decode(tokens[:end], skip_special_tokens=True), end is not None)
