"""JSON Schema in words: what a schema allows, and what is wrong with a value, for people who know neither."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping of keys",
    "null": "null",
}
BOUNDS = {
    "minimum": ">= {}",
    "exclusiveMinimum": "> {}",
    "maximum": "<= {}",
    "exclusiveMaximum": "< {}",
    "minLength": "with {} or more characters",
    "maxLength": "with at most {} characters",
    "minItems": "with {} or more entries",
    "maxItems": "with at most {} entries",
    "minProperties": "with {} or more keys",
    "pattern": "that matches {}",
}
EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")


def sentences(error: Any, root: Mapping[str, Any]) -> Iterator[str]:
    """One line per problem in a validator's error: the dotted key, its value, what is allowed."""
    path = dotted(error.absolute_path)
    if error.validator in ("additionalProperties", "unevaluatedProperties"):
        known = known_keys(error.schema, root)
        for key in error.instance:
            if key not in known:
                what = f"{join(path, key)} is {value_text(error.instance[key])}, but there is no such key"
                yield f"{what}; {suggestion(key, known) or 'known are ' + ', '.join(sorted(known))}"
    elif error.validator == "required":
        for key in error.validator_value:
            if key not in error.instance:
                yield f"{join(path, key)} is missing; {allowed(key_schema(key, error.schema, root), root)}"
    elif error.validator == "contains":
        yield f"{path} is {value_text(error.instance)}; it must contain {entry(error.validator_value, root)}"
    elif error.validator == "uniqueItems":
        yield f"{path} is {value_text(error.instance)}; no entry may come twice"
    elif error.validator == "not":
        yield f"{path} is {value_text(error.instance)}; this must not be {entry(error.validator_value, root)}"
    elif error.validator == "pattern" and "propertyNames" in error.schema_path:
        yield f"{path} has the key {error.instance!r}; it must be {entry(error.schema, root)}"
    else:
        yield f"{path or 'the configuration'} is {value_text(error.instance)}; {remedy(error, root)}"


def remedy(error: Any, root: Mapping[str, Any]) -> str:
    """What is allowed instead of a value, with the nearest allowed word or the reason why a number is none."""
    text = allowed(error.schema, root)
    if not isinstance(error.instance, str):
        return text
    words = [word for word in error.schema.get("enum", ()) if isinstance(word, str)]
    hint = suggestion(error.instance, words) if words else ""
    if error.validator == "type" and number(error.instance) is not None:
        hint = "it is text here: " + (
            "YAML reads 1.0e-4 as a number, 1e-4 as text" if EXPONENT.fullmatch(error.instance) else "drop the quotes"
        )
    return f"{text}; {hint}" if hint else text


def allowed(schema: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    """What a schema allows, as the end of a sentence."""
    return f"it must be {entry(schema, root)}"


def entry(schema: Any, root: Mapping[str, Any]) -> str:
    """What a schema allows, in words: "a whole number >= 1"."""
    schema = refer(schema, root)
    if "const" in schema:
        return value_text(schema["const"])
    if "enum" in schema:
        return one_of(value_text(value) for value in schema["enum"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return one_of(entry(part, root) for part in schema[word])
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    bounds = [text.format(schema[word]) for word, text in BOUNDS.items() if word in schema]
    named = one_of(TYPES[kind] for kind in kinds if kind != "null" or len(kinds) == 1) or "a value"
    text = " ".join([named, " and ".join(bounds)]).rstrip() + (" or null" if "null" in kinds[1:] else "")
    return f"{text}, each {entry(schema['items'], root)}" if "items" in schema else text


def one_of(texts: Iterable[str]) -> str:
    """Join texts as in "a, b or c"."""
    parts = list(texts)
    return " or ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def refer(schema: Any, root: Mapping[str, Any]) -> Any:
    """The schema that a local `$ref` names, with its neighbours laid over it; any other schema as it is."""
    while isinstance(schema, Mapping) and "$ref" in schema:
        target: Any = root
        for part in schema["$ref"].removeprefix("#").strip("/").split("/"):
            target = target[part]
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def properties(schema: Any, root: Mapping[str, Any]) -> dict[str, Any]:
    """All keys that a schema names, with their schemas, through references, conditions and alternatives."""
    schema = refer(schema, root)
    if not isinstance(schema, Mapping):
        return {}
    found: dict[str, Any] = {}
    parts = [schema.get(word) for word in ("if", "then", "else")]
    for part in [*parts, *(p for word in ("allOf", "anyOf", "oneOf") for p in schema.get(word, ()))]:
        found |= properties(part, root)
    return found | dict(schema.get("properties", {}))


def known_keys(schema: Any, root: Mapping[str, Any]) -> list[str]:
    """The names of the keys that a mapping may have."""
    return list(properties(schema, root))


def key_schema(key: str, schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a mapping's key; an empty one if it has none."""
    found = properties(schema, root).get(key, {})
    return found if isinstance(found, Mapping) else {}


def suggestion(word: str, known: Iterable[str]) -> str:
    """A hint such as "did you mean 'seeds'?", or "" if no known word is near."""
    by_fold = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), list(by_fold), n=1)
    return f"did you mean {by_fold[near[0]]!r}?" if near else ""


def number(text: str) -> int | float | None:
    """The number that a text stands for, or None."""
    for kind in (int, float):
        try:
            return kind(text) if re.match(r"[-+.\d]", text) else None
        except ValueError:
            continue
    return None


def value_text(value: object) -> str:
    """A value as YAML would have it, cut to sixty characters."""
    text = json.dumps(value, ensure_ascii=False, default=str) if not isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def dotted(path: Iterable[str | int]) -> str:
    """A path of keys as people write it: `datasets.game.source.members[0]`."""
    text = ""
    for part in path:
        text = f"{text}[{part}]" if isinstance(part, int) else join(text, part)
    return text


def join(path: str, key: str) -> str:
    """A key below a dotted path, in quotes if it holds what cannot be printed, such as a line break."""
    key = key if key.isprintable() else repr(key)
    return f"{path}.{key}" if path else key
