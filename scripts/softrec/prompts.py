"""The one prompt: used for tuning, self-distillation, d_t, validation and test alike (paper, section 2.2).

The layout is the Alpaca one that BIGRec uses: preamble, instruction, input, response. Its blanks are those of the SOFT
authors' training prompts: one ends the preamble's line, and the history is followed by a line of one blank. (Their
inference ends the preamble with two.) Where a prompt is too long its oldest history goes; theirs loses its end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from softrec.errors import SoftrecError

TEMPLATE = """Below is an instruction that describes a task, paired with an input that provides further context. \
Write a response that appropriately completes the request.{blank}

### Instruction:
Given a list of {items} the user has {consumed} before, please recommend a new {item} that the user likes to the user.

### Input:
The user has {consumed} the following {items} before: {history}
{blank}

### Response:
"""


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

    def tokens(self, text: str) -> list[int]:
        """Token ids of a text, with no special token added; it is cut at each `PLACE`, as at any special token."""
        if self.placeholder is None or PLACE not in text:
            return self.plain(text)
        first, *others = map(self.plain, text.split(PLACE))
        return [*first, *(token for part in others for token in (self.placeholder, *part))]

    def plain(self, text: str) -> list[int]:
        """Token ids of a text that is text alone."""
        if text not in self.cache:
            self.cache[text] = self.tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)
        return self.cache[text]

    def prompt(self, titles: Sequence[str], room: int | None = None) -> tuple[list[int], int]:
        """Token ids of the prompt (BOS first) and how many of the newest titles it kept.

        `room` is the most tokens that its response leaves to it. Where not even the prompt without any history fits in
        there, it is given all the same: `check_context` says so.

        Raises `SoftrecError` if that prompt is longer than any may be.
        """
        most = self.limit if room is None else min(self.limit, room)
        for first in range(len(titles) + 1):
            kept = titles[first:]
            ids = [self.bos, *self.tokens(render([self.item_text(title) for title in kept], self.words))]
            if len(ids) <= most:
                return ids, len(kept)
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
