"""The one prompt: used for tuning, self-distillation, d_t, validation and test alike (paper, section 2.2).

The layout is the Alpaca one that BIGRec uses: preamble, instruction, input, response. Its blanks are those of the SOFT
authors' training prompts: one ends the preamble's line, and the history is followed by a line of one blank. (Their
inference ends the preamble with two.) Where a prompt is too long its oldest history goes; theirs loses its end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from common.errors import SoftrecError
from common.log import say

if TYPE_CHECKING:
    import datasets

    from softrec.splits.samples import Items

TEMPLATE = """Below is an instruction that describes a task, paired with an input that provides further context. \
Write a response that appropriately completes the request.{blank}

### Instruction:
Given a list of {items} the user has {consumed} before, please recommend a new {item} that the user likes to the user.

### Input:
The user has {consumed} the following {items} before: {history}
{blank}

### Response:
"""


ROWS_AT_ONCE = 4096  # prompts tokenised in one batch: 10 MB of text and token ids
PlaceItems = Callable[[list[int], Sequence[int]], list[int]]
"""Puts the items of a history into the token ids of its prompt, as the backbone wants it."""
PLACE = "\0"  # in a text, of a backbone's own token; no title has a control character


@dataclass(frozen=True)
class Words:
    """How a data set's items are spoken of, as in `video games`, `video game`, `played`."""

    items: str
    item: str
    consumed: str


def quoted(title: str) -> str:
    """A title as it stands in prompts and responses: in double quotes."""
    return f'"{title}"'


def title_in(text: str) -> str:
    """The title that a generated text says: without surrounding blanks and double quotes."""
    return text.strip().strip('"').strip()


def render(history: Sequence[str], words: Words) -> str:
    """The prompt x of a history of item texts, oldest first."""
    return TEMPLATE.format(
        items=words.items,
        item=words.item,
        consumed=words.consumed,
        history=", ".join(history) or "none",
        blank=" ",  # here, since editors take blanks away at the end of a line
    )


class Encoder:
    """Turns histories into prompt tokens and titles into response tokens.

    Args:
        tokenizer: a transformers tokeniser.
        words: the data set's words.
        item_text: how the backbone writes one history item, given its title.
        prompt_tokens: the most tokens a prompt may have; the oldest history goes first.
        placeholder: the token that stands where a text has `PLACE`. What else of a text spells a special token is text.
    """

    def __init__(
        self,
        tokenizer: Any,
        words: Words,
        item_text: Callable[[str], str],
        prompt_tokens: int,
        placeholder: str | None = None,
    ) -> None:
        self.tokenizer, self.words, self.item_text, self.limit = tokenizer, words, item_text, prompt_tokens
        self.eos = tokenizer.eos_token_id
        self.bos = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else self.eos
        self.placeholder = None if placeholder is None else tokenizer.convert_tokens_to_ids(placeholder)
        self.cache: dict[str, list[int]] = {}

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, with no special token added; texts are cut at `PLACE`, as at any special token.

        All are tokenised in one batch, which takes half the time of one after another. Parts of texts recur, as titles
        do, and are remembered; whole prompts are not.
        """
        if self.placeholder is None:
            return self.batch(texts)
        parts = [text.split(PLACE) for text in texts]
        new = [part for part in dict.fromkeys(chain.from_iterable(parts)) if part not in self.cache]
        self.cache.update(zip(new, self.batch(new), strict=True))
        return [self.joined([self.cache[part] for part in own]) for own in parts]

    def joined(self, parts: Sequence[list[int]]) -> list[int]:
        """Token ids of a text's parts with the placeholder between them."""
        assert self.placeholder is not None
        first, *others = parts
        return [*first, *(token for part in others for token in (self.placeholder, *part))]

    def batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of texts that are text alone: what spells a special token is no special token."""
        as_text = {"add_special_tokens": False, "split_special_tokens": True}
        return self.tokenizer(list(texts), **as_text)["input_ids"] if texts else []

    def plain(self, text: str) -> list[int]:
        """Token ids of a text that is text alone, remembered."""
        if text not in self.cache:
            self.cache[text] = self.batch([text])[0]
        return self.cache[text]

    def text(self, titles: Sequence[str]) -> str:
        """The prompt of a history of titles, as the backbone writes them."""
        return render([self.item_text(title) for title in titles], self.words)

    def prompts(
        self, histories: Sequence[Sequence[str]], rooms: Sequence[int] | None = None
    ) -> list[tuple[list[int], int]]:
        """Token ids of each history's prompt (BOS first) and how many of its newest titles it kept.

        `rooms` are the most tokens that responses leave to their prompts. Where not even the prompt without any history
        fits in there, it is given all the same: `check_context` says so.

        Raises `SoftrecError` if that prompt is longer than any may be.
        """
        whole = self.tokens([self.text(titles) for titles in histories])
        rooms = [self.limit] * len(whole) if rooms is None else rooms
        return [self.fitted(*row) for row in zip(histories, whole, rooms, strict=True)]

    def prompt(self, titles: Sequence[str], room: int | None = None) -> tuple[list[int], int]:
        """`prompts` of one history."""
        return self.prompts([titles], None if room is None else [room])[0]

    def fitted(self, titles: Sequence[str], whole: list[int], room: int) -> tuple[list[int], int]:
        """A prompt without as much of its oldest history as does not fit, given the tokens of the whole one."""
        most = min(self.limit, room)
        for first in range(len(titles) + 1):
            ids = [self.bos, *(self.tokens([self.text(titles[first:])])[0] if first else whole)]
            if len(ids) <= most:
                return ids, len(titles) - first
        if len(ids) <= self.limit:
            return ids, 0
        raise SoftrecError(
            f"the prompt has {len(ids)} tokens even without any history; {self.limit} are allowed",
            where="tuning.max_tokens less generation.max_new_tokens",
            remedy="raise tuning.max_tokens",
        )

    def response(self, title: str) -> list[int]:
        """Token ids of the label: the quoted title and EOS. It is never cut."""
        return [*self.plain(quoted(title)), self.eos]

    def raw_response(self, text: str) -> list[int]:
        """Token ids of a generated text kept as it is (self-distilled data), and EOS."""
        return [*self.plain(text), self.eos]


def check_context(prompts: Sequence[Sequence[int]], longest: Sequence[int], context: int) -> None:
    """Raise `SoftrecError` if some prompt does not fit into the model's context with its own longest response.

    Args:
        longest: tokens of each prompt's longest response.
    """
    for row, (prompt, response) in enumerate(zip(prompts, longest, strict=True)):
        if len(prompt) + response > context:
            raise SoftrecError(
                f"row {row} needs {len(prompt) + response} tokens, {len(prompt)} for its prompt and {response} for its "
                f"longest response; the language model's context is {context}",
                remedy="cap titles with filter.title_words, or lower max_tokens of tuning or llm_cf: old history goes",
            )


def encode_prompts(
    rows: "datasets.Dataset", items: "Items", encoder: Encoder, place: PlaceItems, rooms: Sequence[int] | None = None
) -> list[list[int]]:
    """Prompt tokens of each row, with the kept items placed; says how many lost old history.

    `rooms` is how many tokens each row's responses leave to its prompt, where that may be less than the limit.
    """
    prompts, shortened, histories = [], 0, list(rows["history"])
    for start in range(0, len(histories), ROWS_AT_ONCE):
        chosen = slice(start, start + ROWS_AT_ONCE)
        titles = [[items.title[item] for item in history] for history in histories[chosen]]
        encoded = encoder.prompts(titles, rooms[chosen] if rooms else None)
        for history, (ids, kept) in zip(histories[chosen], encoded, strict=True):
            prompts.append(place(ids, history[len(history) - kept :]))
            shortened += kept < len(history)
    if shortened:
        limit = f"the limit of {encoder.limit} tokens" + (" or their responses" if rooms else "")
        say(f"{shortened} of {len(prompts)} prompts lost their oldest history to {limit}")
    return prompts
