"""Changes since a file was made: the command that would make it now, compared with the manifest beside it."""

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from common import files

MOST = 5  # changed settings of one job that are listed


def manifest_of(path: str) -> Path:
    """Return the path of the manifest beside a file."""
    return files.manifest_of(Path(path))


def option(command: str, flag: str) -> dict[str, Any] | None:
    """Return the JSON object that a command passes to a flag, or None."""
    try:
        words = shlex.split(command.replace("\\\n", " "))
        return json.loads(words[words.index(flag) + 1])
    except (ValueError, IndexError):
        return None


def between(manifest: Mapping[str, Any], command: str) -> Iterator[str]:
    """Yield a clause for every setting and module in which the current command differs from a manifest."""
    clauses = list(settings(manifest.get("settings") or {}, option(command, "--settings") or {}))
    yield from clauses[:MOST]
    if more := len(clauses[MOST:]):
        yield f"{more} more {'setting' if more == 1 else 'settings'} changed"
    yield from modules(manifest.get("code") or {}, option(command, "--code") or {})


def settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Yield a clause for every dotted key whose value was changed, added or removed."""
    before, after = dict(leaves(old, "")), dict(leaves(new, ""))
    for key in sorted(before.keys() | after.keys()):
        if key not in after:
            yield f"setting {key} is gone (it was {format_value(before[key])})"
        elif key not in before:
            yield f"setting {key} is new ({format_value(after[key])})"
        elif before[key] != after[key]:
            if has_entries(before[key]) and has_entries(after[key]):
                yield from entries(key, before[key], after[key])
            else:
                yield f"setting {key} changed from {format_value(before[key])} to {format_value(after[key])}"


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every leaf value with its dotted key; a list is one value."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def has_entries(value: Any) -> bool:
    """Whether a value is a list of mappings, such as the runs of which a table has the results."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def entries(key: str, old: list[Any], new: list[Any]) -> Iterator[str]:
    """Yield a clause for the entries that a list of mappings has gained, and one for those that it has lost."""
    before, after = (Counter(json.dumps(entry, sort_keys=True) for entry in side) for side in (old, new))
    for what, found in (("gained", after - before), ("lost", before - after)):
        if count := found.total():
            first = format_value(json.loads(next(iter(found))), width=100)
            yield f"setting {key} {what} {'one entry:' if count == 1 else f'{count} entries, such as'} {first}"
    if before == after:
        yield f"setting {key} has its entries in another order"


def format_value(value: Any, width: int = 40) -> str:
    """Format a value as JSON, cut to `width` characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= width else text[: width - 3] + "..."


def modules(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Yield a clause for every module whose digest changed, or that is newly or no longer imported."""
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield f"module {name} is no longer imported"
        elif name not in old:
            yield f"module {name} is newly imported"
        elif old[name] != new[name]:
            yield f"module {name} changed"


def inputs(manifest: Mapping[str, Any], made: float, reason: str) -> Iterator[tuple[str, str]]:
    """Yield each input of a manifest whose content changed or that is gone, with a clause.

    As in Snakemake, only files written after the time `made` are read again. A file with the same content is included
    if Snakemake's `reason` names it, because Snakemake compares large files only by time.
    """
    for name, digest in (manifest.get("inputs") or {}).items():
        path = Path(name)
        if not path.exists():
            yield name, f"input {name} is gone"
        elif newest(path) > made:
            if files.sha256(path) != digest:
                yield name, f"input {name} changed"
            elif name in reason:
                yield name, f"input {name} was written again, with the same content"


def newest(path: Path) -> float:
    """Return when a file, or the newest file in a folder, was written (seconds since 1970)."""
    found = filter(files.is_content, path.rglob("*")) if path.is_dir() else [path]
    return max((file.stat().st_mtime for file in found), default=0.0)
