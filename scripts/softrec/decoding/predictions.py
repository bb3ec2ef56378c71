"""Table of generated texts, and a summary of the texts in the log."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from common.log import info
from softrec.io import tables
from softrec.io.tables import write_table
from softrec.llm.prompts import extract_title
from softrec.splits.samples import Items

if TYPE_CHECKING:
    from softrec.decoding.answering import Titled

TYPES = tables.types("row", "text", "finished")
BEAM_TYPES = tables.types("titles", "scores")


class Answer(Protocol):
    """A generated text and whether the model ended it."""

    @property
    def text(self) -> str:
        """The generated text."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the model ended it."""
        ...


def write(path: Path, answers: Sequence[Answer], titled: Sequence["Titled"] | None = None) -> None:
    """Write the columns row (from 0, in the order of the prompts), text and finished.

    With `titled`, the titles and scores of all beams of each row, write the columns titles and scores as well.
    """
    content = {
        "row": range(len(answers)),
        "text": [answer.text for answer in answers],
        "finished": [answer.finished for answer in answers],
    }
    if titled is None:
        write_table(path, content, TYPES)
    else:
        beams = {"titles": [own.titles for own in titled], "scores": [own.scores for own in titled]}
        write_table(path, {**content, **beams}, {**TYPES, **BEAM_TYPES})


def describe(answers: Sequence[Answer], targets: Sequence[int], items: Items) -> dict[str, float]:
    """Compute the shares of texts that are a catalogue title, the target's title, unfinished, and empty; log them.

    Titles are compared without quotes at their ends, which are lost when a generated text is unquoted.
    """
    n = len(answers)
    titles = [extract_title(answer.text) for answer in answers]
    known = {extract_title(title) for title in items.distinct}
    shares = {
        "a title of the catalogue": sum(title in known for title in titles) / n,
        "the target's title": sum(t == extract_title(items.title[y]) for t, y in zip(titles, targets, strict=True)) / n,
        "unfinished": sum(not answer.finished for answer in answers) / n,
        "empty": sum(not title for title in titles) / n,
    }
    info(f"{n} texts: " + ", ".join(f"{100 * share:.1f} % {name}" for name, share in shares.items()))
    return shares
