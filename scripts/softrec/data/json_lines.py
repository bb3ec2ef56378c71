"""Reader of JSON lines as frames: a fast parser for valid blocks, and a line-by-line check that names the fault.

The fast parser (polars) converts any value in a text column to text: the list `["x"]` becomes the text `["x"]`, `1.50`
becomes `1.5`, and `5.0` becomes `5`. Values that may be such conversions are checked in the original line. If a key
is given twice, polars reads the first value and Python the last: a line that repeats a `required` key is an error.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import polars as pl

from softrec.core.limits import Limits
from softrec.data import text_blocks
from softrec.data.visible_text import can_be_seen

Check = Callable[[Any], str | None]
"""Returns the fault of a parsed line as a predicate with the line as subject ("has no user_id"), or None."""

# Texts that the fast parser may have made of a list, an object, a non-integer number or a boolean (it makes a NUL of a
# lone surrogate). Anchored, because searching long texts would take longer than parsing them.
BLANK = b" \t\r"  # JSON's whitespace: a line of other blanks does not count as blank
DOUBTFUL = r"^(\[|\{|-?[0-9]+[.eE]|true$|false$)"
DIGITS = r"^-?[0-9]+$"
FEW = 1000  # up to this many digit-only values per block are checked without searching the block for fractions first
PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"x\x01", b"x^", b"x\x9c", b"x\xda")  # gzip, zstd, zlib
SURROGATE = re.compile("[\ud800-\udfff]")


def json_frames(
    path: Path, schema: dict[str, Any], check: Check, required: list[str], limits: Limits | None = None
) -> Iterator[pl.DataFrame]:
    """Yield the lines of a JSON-lines file as frames with the columns of `schema`, block by block.

    A block that the fast parser rejects, or with a null or blank value in a `required` column, is read again line by
    line to name the line and its fault.

    Args:
        path: the file, plain or gzipped.
        schema: polars types by column.
        check: returns the fault of one parsed line, or None.
        required: columns that must have a visible value in every line.
        limits: maximum sizes of the file and its lines.

    Raises:
        SoftrecError: the gzip stream is damaged, or a line is not a JSON object, fails `check`, or holds another type
            where text is expected.
    """
    for first, text in text_blocks.blocks(path, limits=limits):
        text = text.removeprefix(text_blocks.MARK) if first == 1 else text
        if text.startswith(PACKED):  # polars would unpack it
            raise text_blocks.bad_line(path, first, "is packed text", "unpack the file, or pack it once, by gzip")
        try:
            frame = pl.read_ndjson(text, schema=schema)
        except pl.exceptions.PolarsError:
            name_fault(path, first, text, schema, check, "cannot be read")
        if text_blocks.has_gaps(frame, required):
            name_fault(path, first, text, schema, check, f"lacks one of {', '.join(required)}")
        if any(text.count(f'"{name}"'.encode()) > len(frame) for name in required):
            require_keys_once(path, first, text, required)
        if (rows := doubtful(frame, text)) and (fault := first_of(path, first, text, rows, schema, check)):
            raise fault
        yield frame


def doubtful(frame: pl.DataFrame, text: bytes) -> list[int]:
    """Return the rows of a block in which a text may have been converted from a value of another type."""
    found: set[int] = set()
    for column in frame:
        texts = pl.DataFrame({"row": pl.Series(range(len(frame)), dtype=pl.UInt32), "text": column})
        if column.dtype == pl.List:
            texts = texts.explode("text")
        if texts["text"].dtype == pl.String:
            suspect = pl.col("text").str.contains(DOUBTFUL) | pl.col("text").str.contains("\0", literal=True)
            found.update(texts.filter(suspect)["row"])
            digits = texts.filter(pl.col("text").str.contains(DIGITS))["row"]
            if len(digits) <= FEW or fraction(column.name).search(text):
                found.update(digits)
    return sorted(found)


def fraction(name: str) -> re.Pattern[bytes]:
    """Compile a pattern for a field whose value is a number with a fraction or an exponent."""
    return re.compile(rf'"{name}"[ \t]*:[ \t]*-?[0-9]+[.eE]'.encode())


def require_keys_once(path: Path, first: int, text: bytes, names: list[str]) -> None:
    """Raise `SoftrecError` for the first line of a block that has one of the keys `names` twice."""
    for number, line in enumerate(text.split(b"\n"), start=first):
        if any(line.count(f'"{name}"'.encode()) > 1 for name in names) and (twice := keys_twice(line, names)):
            raise text_blocks.bad_line(path, number, f"has the key {twice[0]} twice")


def keys_twice(line: bytes, names: list[str]) -> list[str]:
    """Return those of `names` that occur more than once as top-level keys of a line (a JSON object)."""
    keys: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys[:] = [key for key, _ in pairs]  # the hook is called for the outermost object last
        return dict(pairs)

    json.loads(line, object_pairs_hook=note)
    return [name for name in names if keys.count(name) > 1]


def first_of(
    path: Path, first: int, text: bytes, rows: list[int], schema: dict[str, Any], check: Check
) -> Exception | None:
    """Return the error of the first faulty line among `rows` (indices of non-blank lines), or None."""
    lines = [(number, line) for number, line in enumerate(text.split(b"\n"), start=first) if line.strip(BLANK)]
    for row in rows:
        number, line = lines[row]
        if fault := json_fault(line, schema, check):
            return text_blocks.bad_line(path, number, fault)
    return None


def name_fault(path: Path, first: int, text: bytes, schema: dict[str, Any], check: Check, otherwise: str) -> NoReturn:
    """Raise the `SoftrecError` for the first faulty line of `text`, which starts at line `first` of `path`.

    If no single line is faulty, the error says `otherwise` of the block.
    """
    for number, line in enumerate(text.split(b"\n"), start=first):
        if line.strip(BLANK) and (fault := json_fault(line, schema, check) or parser_fault(line, schema)):
            raise text_blocks.bad_line(path, number, fault)
    raise text_blocks.bad_line(path, first, f"or one of those that follow it {otherwise}")


def json_fault(content: bytes, schema: dict[str, Any], check: Check) -> str | None:
    """Return the fault of one line of a JSON-lines file, or None."""
    try:
        value = json.loads(content.decode(), parse_constant=refuse)
    except UnicodeDecodeError as error:
        return not_utf8(content, error)
    except RecursionError:
        return "nests values too deep"
    except ValueError as error:
        return f"is not JSON: {error}"
    if not isinstance(value, dict):
        return "is not a JSON object"
    return check(value) or text_fault(value, schema)


def refuse(name: str) -> NoReturn:
    """Raise `ValueError` for NaN and infinity, which Python parses although JSON has neither."""
    raise ValueError(f"it has no {name}")


def not_utf8(content: bytes, error: UnicodeDecodeError) -> str:
    """Return the fault of a line in another encoding, with its text in Latin-1, the most likely one."""
    around = content[max(error.start - 10, 0) : error.end + 10].decode("latin-1")
    return f"is not UTF-8: {error.reason} at byte {error.start + 1}; in Latin-1 it would be {around!r}"


def text_fault(value: dict[str, Any], schema: dict[str, Any]) -> str | None:
    """Return the fault of a line with another type in a text field, or None; integers are accepted as their digits."""
    for name, kind in schema.items():
        found = value.get(name)
        texts = found if isinstance(found, list) and isinstance(kind, pl.List) else [found]
        if kind not in (pl.String, pl.List(pl.String)):
            continue
        for text in texts:
            if isinstance(text, bool) or not isinstance(text, str | int | None):
                return (
                    f"has the {name} {json.dumps(found)[:80]}, not {'text' if kind == pl.String else 'a list of texts'}"
                )
            if isinstance(text, str) and SURROGATE.search(text):
                return f"has a lone surrogate (half a character) in its {name} {text!a:.80}"
    return None


def parser_fault(line: bytes, schema: dict[str, Any]) -> str | None:
    """Return the reason why the fast parser rejects a line of valid JSON, or None."""
    try:
        pl.read_ndjson(line, schema=schema)
    except pl.exceptions.PolarsError as error:
        return f"cannot be read: {str(error).splitlines()[0]}"
    return None


def missing(value: dict[str, Any], names: Iterable[str]) -> str | None:
    """Return the fault of a line in which one of `names` is absent, null or without a visible character, or None."""
    values = {name: value.get(name) for name in names}
    gone = [name for name, v in values.items() if v is None or (isinstance(v, str) and not can_be_seen(v))]
    return f"has no {' and no '.join(gone)}" if gone else None
