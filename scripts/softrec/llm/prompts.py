"""The prompt, the same for tuning, self-distillation, d_t, validation and test (paper, section 2.2).

The layout is BIGRec's, from Alpaca: preamble, instruction, input, response. Blanks are those of the SOFT authors'
training prompts: the preamble's line ends with one, and the history is followed by a line with one. (Their inference
prompts end the preamble with two.) If a prompt is too long, its oldest history is dropped; theirs loses its end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from common.errors import SoftrecError
from common.log import info
from softrec.llm.chat import ChatTemplate

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
"""Inserts the items of a history into the token ids of its prompt, as the backbone requires."""
PLACE = "\0"  # stands for a backbone's special token in a text; no title has a control character


@dataclass(frozen=True)
class Words:
    """Words for a data set's items in prompts, such as `video games`, `video game`, `played`."""

    items: str
    item: str
    consumed: str


def quoted(title: str) -> str:
    """Put a title in double quotes, as in prompts and responses."""
    return f'"{title}"'


def extract_title(text: str) -> str:
    """Extract the title from a generated text: strip surrounding blanks and double quotes."""
    return text.strip().strip('"').strip()


def render(history: Sequence[str], words: Words) -> str:
    """Format the prompt x for a history of item texts, oldest first."""
    return TEMPLATE.format(
        items=words.items,
        item=words.item,
        consumed=words.consumed,
        history=", ".join(history) or "none",
        blank=" ",  # inserted here, because editors strip trailing blanks from the template
    )


class Encoder:
    """Encoder of histories as prompt tokens and titles as response tokens.

    Args:
        tokenizer: a transformers tokeniser.
        words: the data set's words.
        item_text: the backbone's function from a title to the text of a history item.
        prompt_tokens: maximum number of prompt tokens; the oldest history is dropped first.
        placeholder: the special token that replaces `PLACE`. Any other text of a special token is encoded as plain
            text.
        chat: the chat template around a prompt, whose start replaces BOS and whose end replaces EOS, or None.
    """

    def __init__(
        self,
        tokenizer: Any,
        words: Words,
        item_text: Callable[[str], str],
        prompt_tokens: int,
        placeholder: str | None = None,
        chat: ChatTemplate | None = None,
    ) -> None:
        self.tokenizer, self.words, self.item_text, self.limit = tokenizer, words, item_text, prompt_tokens
        self.chat, self.eos = chat, tokenizer.eos_token_id if chat is None else chat.end
        bos = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        self.start, self.close = ([bos], []) if chat is None else (chat.start, chat.close)
        self.placeholder = None if placeholder is None else tokenizer.convert_tokens_to_ids(placeholder)
        self.cache: dict[str, list[int]] = {}

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokenise texts without adding special tokens; texts are split at `PLACE`, as at any special token.

        All are tokenised in one batch, which takes half the time of one call per text. Parts of texts recur, like
        titles, and are cached; whole prompts are not.
        """
        if self.placeholder is None:
            return self.batch(texts)
        parts = [text.split(PLACE) for text in texts]
        new = [part for part in dict.fromkeys(chain.from_iterable(parts)) if part not in self.cache]
        self.cache.update(zip(new, self.batch(new), strict=True))
        return [self.joined([self.cache[part] for part in own]) for own in parts]

    def joined(self, parts: Sequence[list[int]]) -> list[int]:
        """Join the token ids of a text's parts by the placeholder."""
        assert self.placeholder is not None
        first, *others = parts
        return [*first, *(token for part in others for token in (self.placeholder, *part))]

    def batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokenise texts as plain text: the text of a special token does not become that token."""
        as_text = {"add_special_tokens": False, "split_special_tokens": True}
        return self.tokenizer(list(texts), **as_text)["input_ids"] if texts else []

    def plain(self, text: str) -> list[int]:
        """Tokenise a text as plain text, with a cache."""
        if text not in self.cache:
            self.cache[text] = self.batch([text])[0]
        return self.cache[text]

    def text(self, titles: Sequence[str]) -> str:
        """Format the prompt for a history of titles in the backbone's notation."""
        text = render([self.item_text(title) for title in titles], self.words)
        return text if self.chat is None else self.chat.wrap(text)

    def prompts(
        self, histories: Sequence[Sequence[str]], rooms: Sequence[int] | None = None
    ) -> list[tuple[list[int], int]]:
        """Encode histories; return each prompt's token ids (BOS first) and how many of the newest titles it kept.

        `rooms` are the numbers of tokens that responses leave for their prompts. If not even the prompt without history
        fits in its room, it is returned nevertheless, and `check_context` reports it.

        Raises `SoftrecError` if that prompt exceeds the maximum number of prompt tokens.
        """
        whole = self.tokens([self.text(titles) for titles in histories])
        rooms = [self.limit] * len(whole) if rooms is None else rooms
        return [self.fitted(*row) for row in zip(histories, whole, rooms, strict=True)]

    def prompt(self, titles: Sequence[str], room: int | None = None) -> tuple[list[int], int]:
        """Apply `prompts` to one history."""
        return self.prompts([titles], None if room is None else [room])[0]

    def fitted(self, titles: Sequence[str], whole: list[int], room: int) -> tuple[list[int], int]:
        """Drop the oldest history until the prompt fits; `whole` are the tokens of the full text."""
        most = min(self.limit, room)
        for first in range(len(titles) + 1):
            tokens = self.tokens([self.text(titles[first:])])[0] if first else whole
            ids = [*self.start, *tokens, *self.close]
            if len(ids) <= most:
                return ids, len(titles) - first
        if len(ids) <= self.limit:
            return ids, 0
        raise SoftrecError(
            f"the prompt has {len(ids)} tokens even without any history; {self.limit} are allowed",
            where="tuning.max_tokens minus generation.max_new_tokens",
            remedy="raise tuning.max_tokens",
        )

    def response(self, title: str) -> list[int]:
        """Encode a label: the quoted title and EOS, never truncated."""
        return [*self.plain(quoted(title)), self.eos]

    def raw_response(self, text: str) -> list[int]:
        """Encode an unmodified generated text (self-distilled data) and EOS."""
        return [*self.plain(text), self.eos]


def check_context(prompts: Sequence[Sequence[int]], longest: Sequence[int], context: int) -> None:
    """Raise `SoftrecError` if a prompt and its longest response do not fit in the model's context.

    Args:
        prompts: token ids of the prompts.
        longest: number of tokens of each prompt's longest response.
        context: maximum number of tokens of the model.
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
    """Encode the prompt of each row with its items placed; log how many prompts lost old history.

    `rooms` are the numbers of tokens that the rows' responses leave for their prompts, if these may be below the limit.
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
        info(f"{shortened} of {len(prompts)} prompts lost their oldest history to {limit}")
    return prompts
