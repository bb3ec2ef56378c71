"""Chat templates of instruct models: what stands before and after a prompt, and the token that ends a reply.

The tokeniser's template is rendered around a mark, in whose place a prompt then stands. So a prompt is encoded as plain
text, whatever a title holds, and its history can be shortened without touching the template.
"""

import re
from dataclasses import dataclass
from typing import Any

from common.errors import SoftrecError

MARK = "0f7d5c1a"  # stands for a message; no template holds it
SAMPLE = f'Like "{MARK}",\n\nor {MARK} & <b>:'  # a message must reach the tokeniser as it is
# Llama 3's template writes today's date unless it is given one; this is the date that it has without a clock.
DATE = "26 Jul 2024"
REMEDY = "set chat_template: false for this model (llms.<name>.chat_template), or use its instruct version"


@dataclass(frozen=True)
class ChatTemplate:
    """The parts of a template around one message of the user, and what ends the reply.

    Attributes:
        start, close: token ids before and after the plain text.
        before, after: plain text that touches the message, such as a line break after the user's role.
        strips: whether the template strips blanks around a message.
        end: id of the token that ends a reply.
    """

    start: list[int]
    before: str
    after: str
    close: list[int]
    strips: bool
    end: int

    def wrap(self, text: str) -> str:
        """Return the plain text that is encoded for a prompt, between the tokens of `start` and `close`."""
        return f"{self.before}{text.strip() if self.strips else text}{self.after}"


def read_chat_template(tokenizer: Any) -> ChatTemplate:
    """Read the template of a tokeniser.

    Raises `SoftrecError` if it has none, or one that cannot be rendered, that changes messages, that depends on today's
    date, or that does not end a reply by a special token.
    """
    text = tokenizer.chat_template
    if not text:
        raise fault("has no chat template")
    if "strftime_now" in str(text) and "date_string" not in str(text):
        raise fault("has a chat template that writes today's date (strftime_now): prompts would change every day")
    user = [{"role": "user", "content": MARK}]
    asked = render(tokenizer, MARK)
    if asked.count(MARK) != 1:
        raise fault(f"has a chat template that writes a message {asked.count(MARK)} times")
    before, after = asked.split(MARK)
    around = render(tokenizer, f" \n{MARK}\n ")
    strips = around == asked
    if render(tokenizer, SAMPLE) != f"{before}{SAMPLE}{after}" or not (
        strips or around == f"{before} \n{MARK}\n {after}"
    ):
        raise fault("has a chat template that changes the text of a message")
    reply = apply(tokenizer, [*user, {"role": "assistant", "content": MARK}], prompt=False).rpartition(MARK)[2]
    special = special_tokens(tokenizer)
    end = re.match(rf"\s*({'|'.join(map(re.escape, special))})", reply) if special else None
    if end is None:
        raise fault(f"has a chat template that ends a reply by {reply!r:.40}, not by a special token")
    lead, tail = parted(before, special)
    close, head = parted(after, special, last=False)
    return ChatTemplate(ids(tokenizer, lead), tail, head, ids(tokenizer, close), strips, number(tokenizer, end[1]))


def render(tokenizer: Any, message: str) -> str:
    """Render the template for one message of the user and the start of the reply."""
    return apply(tokenizer, [{"role": "user", "content": message}], prompt=True)


def apply(tokenizer: Any, messages: list[dict[str, str]], *, prompt: bool) -> str:
    """Render the template as text. Raises `SoftrecError` if it cannot be rendered."""
    import jinja2

    try:
        rendered = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=prompt, date_string=DATE
        )
    except (jinja2.TemplateError, ValueError, TypeError, KeyError) as error:
        said = " ".join(str(error).split())
        raise fault(f"has a chat template that cannot be rendered ({type(error).__name__}: {said:.100})") from error
    return str(rendered)


def special_tokens(tokenizer: Any) -> list[str]:
    """Return the texts of special tokens, longest first."""
    found = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
    return sorted(found, key=lambda text: (-len(text), text))


def parted(text: str, special: list[str], *, last: bool = True) -> tuple[str, str]:
    """Divide a text after its last special token (or before its first): the part with special tokens, and the rest.

    Only the rest can merge with a message into one token, so both are encoded together.
    """
    found = list(re.finditer("|".join(map(re.escape, special)), text))
    if last:
        place = found[-1].end() if found else 0
        return text[:place], text[place:]
    place = found[0].start() if found else len(text)
    return text[place:], text[:place]


def ids(tokenizer: Any, text: str) -> list[int]:
    """Encode a part of the template, with its special tokens and none besides."""
    return list(tokenizer(text, add_special_tokens=False, split_special_tokens=False)["input_ids"]) if text else []


def number(tokenizer: Any, token: str) -> int:
    """Return the id of a special token."""
    return int(tokenizer.convert_tokens_to_ids(token))


def fault(what: str) -> SoftrecError:
    """Build the error for a tokeniser's template; `what` is a predicate of the tokeniser."""
    return SoftrecError(f"the tokeniser {what}", where="llms.<name>.chat_template: true", remedy=REMEDY)
