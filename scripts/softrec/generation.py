"""From prompts to texts: beam search, no sampling, the best beam (paper, section 3.1: yhat = LLM_SFT(x))."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from transformers import DynamicCache, GenerationConfig

from softrec import distributed
from softrec.language_model import LanguageModel
from softrec.log import Progress


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


def generate(
    llm: LanguageModel, prompts: Sequence[Sequence[int]], settings: GenerationSettings, name: str = "generate"
) -> list[Generated]:
    """The best beam's text for each prompt (token ids, BOS included), in the order of the prompts.

    Prompts of like length share a batch, which saves padding. Ranks share the batches and all get all texts.
    """
    order = sorted(range(len(prompts)), key=lambda i: (-len(prompts[i]), i))
    batches = [order[start : start + settings.batch_size] for start in range(0, len(order), settings.batch_size)]
    own = distributed.deal(batches)
    results: dict[int, Generated] = {}
    progress = Progress(name, sum(len(chosen) for chosen in own))
    with llm.inference():
        for chosen in own:
            results.update(zip(chosen, generate_batch(llm, [prompts[i] for i in chosen], settings), strict=True))
            progress.step(len(chosen))
    found = distributed.collect(results)
    return [found[i] for i in range(len(prompts))]


def generate_batch(
    llm: LanguageModel, prompts: Sequence[Sequence[int]], settings: GenerationSettings
) -> list[Generated]:
    """One batch of `generate`: the prompt is run once, and its cache repeated for each beam."""
    input_ids, mask = pad_left(prompts, llm.pad_id)
    input_ids, mask = input_ids.to(llm.device), mask.to(llm.device)
    cache = prefill(llm, input_ids, mask)
    cache.batch_repeat_interleave(settings.beams)
    config = GenerationConfig(
        num_beams=settings.beams,
        do_sample=False,
        max_new_tokens=settings.max_new_tokens,
        length_penalty=settings.length_penalty,
        eos_token_id=llm.ends,
        pad_token_id=llm.pad_id,
    )
    output = llm.causal.generate(input_ids, attention_mask=mask, past_key_values=cache, generation_config=config)
    return [decode(llm, row) for row in output[:, input_ids.shape[1] :].tolist()]


def pad_left(prompts: Sequence[Sequence[int]], pad_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, P) token ids padded on the left, and the mask of real tokens."""
    width = max(len(prompt) for prompt in prompts)
    input_ids = torch.full((len(prompts), width), pad_id)
    for row, prompt in enumerate(prompts):
        input_ids[row, width - len(prompt) :] = torch.as_tensor(prompt)
    lengths = torch.tensor([len(prompt) for prompt in prompts])
    return input_ids, (torch.arange(width)[None, :] >= (width - lengths)[:, None]).long()


def prefill(llm: LanguageModel, input_ids: torch.Tensor, mask: torch.Tensor) -> DynamicCache:
    """The cache of all prompt tokens but the last, which beam search feeds itself."""
    cache = DynamicCache(config=llm.causal.config)
    llm.causal.model(
        inputs_embeds=llm.backbone.input_embeddings(llm.causal, input_ids[:, :-1]),
        attention_mask=mask[:, :-1],
        position_ids=(mask.cumsum(1) - 1).clamp(min=0)[:, :-1],
        past_key_values=cache,
        use_cache=True,
    )
    return cache


def decode(llm: LanguageModel, tokens: list[int]) -> Generated:
    """The text up to the first token that ends a text."""
    end = next((i for i, token in enumerate(tokens) if token in llm.ends), None)
    return Generated(llm.tokenizer.decode(tokens[:end], skip_special_tokens=True), end is not None)
