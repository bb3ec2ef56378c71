"""Chains of thought for LLM-CF (Sun et al., 2024): prompts in which an untuned LLM explains known decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from common.errors import SoftrecError
from common.log import info
from softrec.core import seeds
from softrec.io import tables
from softrec.llm.base_model import Precision
from softrec.llm.kernels import Kernels
from softrec.llm.prompts import Words, quoted
from softrec.splits.samples import Items
from softrec.splits.seen_items import SeenItems

if TYPE_CHECKING:
    import datasets

TYPES = tables.types("row", "label", "item", "text", "finished")
REFUSED, TAKEN = 0, 1

# The LLM is a base model, which continues text. The worked example shows it the expected format.
EXAMPLE = """History: "A Night at Sea", "The Lighthouse"
{Item}: "Storm Warning"
Decision: {consumed}
Reasoning: Profile: likes calm stories by the sea. Features: a drama at sea. Match: the setting is the same. \
Diversity: a storm is something new.
"""
TEMPLATE = """Each decision about {items} is explained by the user's profile, the features of the {item}, how well \
they match, and the wish for diversity.

{example}
History: {history}
{Item}: {title}
Decision: {decision}
Reasoning:"""


@dataclass(frozen=True)
class CotSettings:
    """Settings of the chains of thought.

    Attributes:
        words: the nouns and verbs of the data set in the prompt.
        precision: of the LLM.
        rows: number of sampled training rows (null: all).
        seed: of the choice of rows and of refused items.
        max_tokens: of prompt and generated text together; the oldest history items are dropped to fit.
        max_new_tokens, batch_size: of the generation, which is greedy.
        kernels: the implementation of the LLM's layers.
    """

    words: Words
    precision: Precision
    rows: int | None
    seed: int
    max_tokens: int
    max_new_tokens: int
    batch_size: int
    kernels: Kernels = "eager"


class Decisions(NamedTuple):
    """E known decisions: training row (E,), label (E,; 1 taken, 0 refused), and item (E,)."""

    row: np.ndarray
    label: np.ndarray
    item: np.ndarray


def draw_decisions(rows: "datasets.Dataset", title_id: np.ndarray, seen: SeenItems, settings: CotSettings) -> Decisions:
    """Draw decisions: half of the rows keep their target (taken), half get a random unseen item (refused).

    Unseen is defined by title, which is what the LLM reads: otherwise the same title could be both taken and refused.
    The data have only positives. Items of later interactions are not left out, because that would leak the future.

    Args:
        rows: the sampled training rows.
        title_id: (N + 1,) title id of each item id; entry 0 (padding) is unused.
        seen: the users' interactions.
        settings: number of rows, and seed.

    Raises:
        SoftrecError: a user has seen every title.
    """
    rng = seeds.stream(settings.seed, "decisions")
    count = len(rows) if settings.rows is None else min(settings.rows, len(rows))
    chosen = np.sort(rng.permutation(len(rows))[:count])
    label = rng.permutation(np.arange(count) % 2 == 0).astype(np.int8)
    item = np.empty(count, np.int32)
    columns = {name: rows[name] for name in ("user", "position", "history", "target")}
    for place, (row, taken) in enumerate(zip(chosen.tolist(), label.tolist(), strict=True)):
        item[place] = columns["target"][row]
        if taken == REFUSED:
            had = seen.before(columns["user"][row], columns["position"][row])
            new = np.ones(int(title_id.max()) + 1, dtype=bool)
            new[title_id[[columns["target"][row], *had.tolist(), *columns["history"][row]]]] = False
            free = new[title_id]
            free[0] = False
            if not free.any():
                raise SoftrecError(f"the user of row {row} has seen every item: none can be refused")
            item[place] = rng.choice(np.flatnonzero(free))
    return Decisions(chosen, label, item)


def render(history: Sequence[str], title: str, label: int, words: Words) -> str:
    """Return the prompt of one decision."""
    head = words.item[:1].upper() + words.item[1:]
    return TEMPLATE.format(
        items=words.items,
        item=words.item,
        Item=head,
        example=EXAMPLE.format(Item=head, consumed=words.consumed),
        history=", ".join(map(quoted, history)) or "none",
        title=quoted(title),
        decision=words.consumed if label == TAKEN else f"not {words.consumed}",
    )


def encode(decisions: Decisions, rows: "datasets.Dataset", items: Items, tokenizer: Any, settings: CotSettings) -> Any:
    """Return token ids of every decision's prompt; the oldest items of a long history are dropped to fit.

    Raises:
        SoftrecError: a prompt is too long even without any history.
    """
    limit = settings.max_tokens - settings.max_new_tokens
    start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    as_text = {"add_special_tokens": False, "split_special_tokens": True}
    histories, prompts, shortened = rows["history"], [], 0
    known = [
        ([items.title[i] for i in histories[row]], items.title[item], label)
        for row, label, item in zip(*(column.tolist() for column in decisions), strict=True)
    ]
    whole = tokenizer([render(*decision, settings.words) for decision in known], **as_text)["input_ids"]
    for (titles, title, label), tokens in zip(known, whole, strict=True):
        for first in range(len(titles) + 1):
            text = render(titles[first:], title, label, settings.words)
            ids = [start, *(tokenizer.encode(text, **as_text) if first else tokens)]
            if len(ids) <= limit:
                break
        else:
            raise SoftrecError(
                f"the prompt of a chain of thought has {len(ids)} tokens even without any history; {limit} are allowed",
                where="llm_cf.max_tokens minus llm_cf.max_new_tokens",
                remedy="raise llm_cf.max_tokens",
            )
        shortened += first > 0
        prompts.append(ids)
    if shortened:
        info(f"{shortened} of {len(prompts)} prompts lost their oldest history to the limit of {limit} tokens")
    return prompts
