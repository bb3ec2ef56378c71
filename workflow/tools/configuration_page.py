"""Generate docs/configuration.md from the schema of the configuration.

python workflow/tools/configuration_page.py
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import yaml

from lib.config.messages import entry, refer
from tools.page_tables import Table, markdown

ROOT = Path(__file__).resolve().parents[2]
SCHEMA, PAGE = ROOT / "workflow/schemas/config.schema.yaml", ROOT / "docs/configuration.md"
Schema = Mapping[str, Any]
HEADING = ("key", "default", "allowed values", "meaning")
SLIP = 1000  # an upper bound from here on catches slips of the finger, and would only fill the page
EXAMPLE = """run: books
datasets:
  books:
    label: Books
    words: {items: books, item: book, consumed: read}
    llm: own
    source:
      kind: files
      folder: data/books
      ratings: reviews.jsonl.gz
      metadata: items.jsonl.gz
      format: reviews
llms:
  own:
    kind: hub
    repository: Qwen/Qwen2.5-1.5B
    parameters: 1.54e+9
"""
TEXT = f"""# Configuration

This page is generated from `workflow/schemas/config.schema.yaml` by `make pages`.

A configuration file is given by `--configfile`; without one, `config/paper.yaml` is read. Every file names its `run`,
its `datasets` and its `llms`. All other keys have a default, the paper's value, so a file states only what differs.
`config/paper.yaml` spells out all values and says where each comes from. Two files are refused, because Snakemake would
merge them; `--config 'seeds=[1]'` overrides single keys. Unknown keys, missing keys and values that are not allowed are
refused before any job starts.

A data set of your own with another language model, everything else as in the paper ([data.md](data.md) has all formats
of files, and a worked example):

```yaml
{EXAMPLE}```
"""


def allowed(schema: Schema, root: Schema) -> str:
    """Allowed values in words, without patterns of texts and without bounds that no real value comes near."""
    own = dict(refer(schema, root))
    for word in ("pattern", "maxLength"):
        own.pop(word, None)
    for word in ("maximum", "exclusiveMaximum"):
        if own.get(word, 0) >= SLIP:
            del own[word]
    for word in ("minimum", "exclusiveMinimum"):
        if own.get(word, 0) <= -SLIP:
            del own[word]
    if "items" in own:
        own["items"] = {k: v for k, v in refer(own["items"], root).items() if k not in ("pattern", "maximum")}
    if "anyOf" in own:
        return " or ".join(allowed(part, root) for part in own["anyOf"])
    return entry(own, root)


def value(given: object) -> str:
    """A default as YAML has it."""
    return f"`{json.dumps(given)}`" if not isinstance(given, str) else f"`{given}`"


def row(key: str, schema: Schema, root: Schema, *, required: bool) -> tuple[str, ...]:
    """One line of a table."""
    own = refer(schema, root)
    default = value(schema["default"]) if "default" in schema else value(own["default"]) if "default" in own else ""
    return f"`{key}`", "required" if required else default, allowed(schema, root), own.get("description", "")


def rows(schema: Schema, root: Schema, prefix: str = "", *, required: bool = True) -> Iterator[tuple[str, ...]]:
    """The keys of a mapping, including those of mappings below it; none is required if the mapping is not."""
    for key, part in schema.get("properties", {}).items():
        own = refer(part, root)
        if "const" in own:
            continue
        needed = required and key in schema.get("required", ())
        if "properties" in own and "allOf" not in own:
            yield from rows(own, root, f"{prefix}{key}.", required=needed)
        else:
            yield row(prefix + key, part, root, required=needed)


def branches(schema: Schema, root: Schema) -> dict[str, Schema]:
    """The mapping for each `kind`."""
    return {part["if"]["properties"]["kind"]["const"]: refer(part["then"], root) for part in schema["allOf"]}


def named(name: str, schema: Schema, root: Schema, below: str) -> Iterator[str]:
    """The tables of a data set or a language model: the keys of all kinds, then those of each kind."""
    yield f"## `{name}`\n"
    yield markdown(Table(HEADING, list(rows(schema, root)), len(HEADING))) + "\n"
    kinds = schema["properties"][below] if below else schema
    for kind, branch in branches(kinds, root).items():
        yield f"### `{name}{'.' if below else ''}{below}` of kind `{kind}`\n"
        yield markdown(Table(HEADING, list(rows(branch, root)), len(HEADING))) + "\n"


def page(root: Schema) -> str:
    """The whole page."""
    parts = root["properties"]
    whole = [row(k, v, root, required=k in root["required"]) for k, v in parts.items() if "properties" not in v]
    found = [TEXT, "## Top-level keys\n", markdown(Table(HEADING, whole, len(HEADING))) + "\n"]
    found += named("datasets.NAME", root["$defs"]["dataset"], root, "source")
    found += named("llms.NAME", root["$defs"]["llm"], root, "")
    for key, part in parts.items():
        if "properties" in part:
            found += [f"## `{key}`\n\n{part['description']}\n"]
            found += [markdown(Table(HEADING, list(rows(part, root)), len(HEADING))) + "\n"]
    return "\n".join(found)


if __name__ == "__main__":
    PAGE.write_text(page(yaml.safe_load(SCHEMA.read_text())))
