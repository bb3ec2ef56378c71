"""Reader of lines that are Python dictionaries, as Amazon's data of 2014 are published, as frames."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from softrec.core.limits import Limits
from softrec.data import json_lines, text_blocks

MOST = 1 << 20  # characters of a line; parsing takes a hundred times as much memory, and real lines have thousands


def are_literals(path: Path, limits: Limits) -> bool:
    """Whether the first line that is not blank is a Python dictionary with a key in single quotes."""
    for _, text in text_blocks.blocks(path, limits=limits):
        if start := text.removeprefix(text_blocks.MARK).lstrip()[:2]:
            return start == b"{'"
    return False


def literal_frames(
    path: Path, schema: dict[str, Any], check: json_lines.Check, limits: Limits
) -> Iterator[pl.DataFrame]:
    """Yield the lines of a file as frames with the columns of `schema`, block by block.

    Nothing is run: a line may hold only constants, lists and dictionaries. Raises `SoftrecError` for any other line, or
    one that fails `check` or has another type where text is expected.
    """
    for first, text in text_blocks.blocks(path, limits=limits):
        found: list[dict[str, Any]] = []
        for number, content in enumerate(text.split(b"\n"), start=first):
            if content.strip():
                value, fault = parsed(content.removeprefix(text_blocks.MARK) if number == 1 else content)
                fault = fault or check(value) or json_lines.text_fault(value, schema)
                if fault:
                    raise text_blocks.bad_line(path, number, fault)
                found.append({name: digits(value.get(name), kind) for name, kind in schema.items()})
        yield pl.DataFrame(found, schema=schema)


def parsed(content: bytes) -> tuple[dict[str, Any], str | None]:
    """Return the dictionary of one line, and the line's fault, or None."""
    if len(content) > MOST:
        return {}, f"has more than {MOST:,} characters, too many for a Python dictionary"
    try:
        value = ast.literal_eval(content.decode().strip())
    except UnicodeDecodeError as error:
        return {}, json_lines.not_utf8(content, error)
    except (RecursionError, MemoryError):
        return {}, "nests values too deep"
    except (ValueError, SyntaxError, TypeError) as error:
        return {}, f"is not a Python dictionary: {str(error).splitlines()[0]}"
    return (value, None) if isinstance(value, dict) else ({}, "is not a Python dictionary")


def digits(value: Any, kind: Any) -> Any:
    """Return a whole number as its digits where text is expected, as the reader of JSON lines does."""
    return str(value) if kind == pl.String and isinstance(value, int) else value
