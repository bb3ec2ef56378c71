"""A strict check of the configuration that reports every problem at once, each in one line for people."""

import copy
import math
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.config import messages as words
from lib.config import spellings

# Options of Snakemake with a list of values, by all their names.
LISTS = (
    ("--config", "-C"), ("--configfile", "--configfiles"), ("--resources", "--res"), ("--set-resources",),
    ("--set-threads",), ("--default-resources", "--default-res"), ("--groups",), ("--group-components",),
    ("--forcerun", "-R"), ("--until", "-U"), ("--omit-from", "-O"), ("--allowed-rules",),
)  # fmt: skip


class ConfigError(Exception):
    """All problems of a configuration, one per line."""


def require_one_file(files: Sequence[Path]) -> None:
    """Raise `ConfigError` if several configuration files are given: Snakemake would merge them, lists and all."""
    if len(files) > 1:
        names = ", ".join(os.path.relpath(file) for file in files)
        raise ConfigError(
            f"--configfile names {len(files)} files: {names}. Each is a whole configuration, and Snakemake\n"
            "would mix the data sets, models and lists of all: give one, and keys on top by `--config KEY=VALUE`."
        )


def require_readable(files: Sequence[Path]) -> None:
    """Raise `ConfigError` if a file cannot be read as data.

    Without softrec's plugin, Snakemake's own reader has read it already, and less strictly.
    """
    for file in files:
        read(file)


def read(file: Path) -> dict[str, Any]:
    """The keys of a configuration file, or of a profile. Raises `ConfigError` if it cannot be read as data."""
    plugin = Path(__file__).parents[2] / "plugin"
    if str(plugin) not in sys.path:
        sys.path.append(str(plugin))
    from snakemake_logger_plugin_softrec import config_file

    try:
        return config_file.read(file)
    except config_file.ConfigFileError as error:
        raise ConfigError(str(error)) from None


def require_no_key_twice(configuration: Iterable[Path], arguments: Sequence[str]) -> None:
    """Raise `ConfigError` if a key stands twice in the configuration or the profile: the last would count."""
    from lib.config import yaml_keys

    files = yaml_keys.files(configuration, arguments)
    if lines := [f"{os.path.relpath(file)}: {line}" for file in files for line in yaml_keys.problems(file)]:
        raise ConfigError("\n".join(lines))


def require_options_once(arguments: Sequence[str]) -> None:
    """Raise `ConfigError` if an option with a list of values is given twice: the last would count."""
    for names in LISTS:
        if sum(word.partition("=")[0] in names for word in arguments) > 1:
            raise ConfigError(
                f"{names[0]} is given more than once, and Snakemake would take only the last: "
                f"write all its values after one {names[0]}."
            )


def check(
    config: dict[str, Any],
    schema_path: str,
    source: str,
    more: Callable[[Mapping[str, Any]], Iterable[str]] = lambda config: (),
) -> None:
    """Fill in the schema's defaults, in place, and check the whole.

    Args:
        config: the configuration as loaded.
        schema_path: a JSON Schema (2020-12) written in YAML.
        source: what the lines call the configuration, such as the name of its file.
        more: finds what a schema cannot say, given the configuration with its defaults, right or not.

    Raises `ConfigError` with one line per problem: the dotted key, its value, what is allowed, and for a name that
    is not known the nearest one that is.
    """
    import yaml
    from jsonschema import Draft202012Validator, validators

    if odd := [*bad_keys(config, ""), *bad_numbers(config, "")]:
        raise ConfigError("\n".join(f"{source}: {line}" for line in odd))
    schema = yaml.safe_load(Path(schema_path).read_text())
    # JSON Schema takes 10.0 for a whole number, and no job does.
    whole = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    validator = validators.extend(Draft202012Validator, {"pattern": pattern}, type_checker=whole)(schema)
    spellings.normalize(config)
    fill_defaults(config, schema, validator)
    errors = sorted(validator.iter_errors(config), key=lambda error: [str(p) for p in error.absolute_path])
    lines = dict.fromkeys(line for error in errors for line in words.sentences(error, schema))
    # What else a source needs depends on its format: once that is right, the rest can be told.
    unclear = tuple(f"{words.dotted(list(error.absolute_path)[:-1])}." for error in errors if error.validator == "enum")
    lines |= dict.fromkeys(line for line in more(config) if not line.startswith(unclear))
    if lines:
        raise ConfigError("\n".join(f"{source}: {line}" for line in lines))


def pattern(validator: Any, expression: str, instance: Any, schema: Any) -> Iterator[Any]:
    """The keyword `pattern` as JSON Schema means it: `$` is the end of the text, where Python's allows a line break."""
    from jsonschema import ValidationError

    if isinstance(instance, str) and not re.search(re.sub(r"\$\Z", r"\\Z", expression), instance):
        yield ValidationError(f"{instance!r} does not match {expression!r}")


def bad_keys(value: object, path: str) -> Iterator[str]:
    """A line for each key that is no text, such as `1:` or `yes:`, which JSON cannot have."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            where = words.join(path, str(key))
            if not isinstance(key, str):
                yield f"{where} has a name that YAML does not read as text: write it in quotes"
            yield from bad_keys(item, where)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from bad_keys(item, f"{path}[{i}]")


def bad_numbers(value: object, path: str) -> Iterator[str]:
    """A line for each number that is none, `.nan` and `.inf`, or that 64 bits do not hold."""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{path} is {value}; it must be a finite number"
    if isinstance(value, int) and abs(value) >= 2**63:
        said = f"{value:.3e}" if value.bit_length() < 1000 else f"a number of {value.bit_length():,} bits"
        yield f"{path} is {said}; it must be a number that 64 bits hold"
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in parts:
        yield from bad_numbers(item, f"{path}[{key}]" if isinstance(key, int) else words.join(path, str(key)))


def fill_defaults(value: Any, schema: Any, validator: Any) -> None:
    """Set what `value` leaves out and `schema` has a default for, at any depth, in place."""
    if not isinstance(schema, Mapping):
        return
    for part in applicable_schemas(value, schema, validator):
        fill_defaults(value, part, validator)
    if isinstance(value, list):
        for item in value:
            fill_defaults(item, schema.get("items"), validator)
    if not isinstance(value, dict):
        return
    properties = schema.get("properties", {})
    for key, part in properties.items():
        default = default_of(part, validator.schema)
        if key not in value and default is not None:
            value[key] = copy.deepcopy(default[0])
        if key in value:
            fill_defaults(value[key], part, validator)
    for key in value.keys() - properties.keys():
        fill_defaults(value[key], schema.get("additionalProperties"), validator)


def applicable_schemas(value: Any, schema: Mapping[str, Any], validator: Any) -> Iterator[Any]:
    """The subschemas that hold for `value` as well: a reference, `allOf`, the fitting branch of a condition."""
    if "$ref" in schema:
        yield words.refer(schema, validator.schema)
    yield from schema.get("allOf", ())
    if "if" in schema:
        holds = validator.evolve(schema={**schema["if"], "$defs": validator.schema.get("$defs", {})}).is_valid(value)
        yield schema.get("then" if holds else "else")


def default_of(schema: Any, root: Mapping[str, Any]) -> tuple[Any] | None:
    """The default of a subschema in a tuple of its own (null is a default too), or None if it has none."""
    if "default" in schema:
        return (schema["default"],)
    return default_of(words.refer(schema, root), root) if "$ref" in schema else None


def retype(config: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Read again, as YAML, the texts in `config` that come from the command line, in place.

    Snakemake leaves numbers and truth values inside lists and mappings as text: `--config 'seeds=[1, 2]'` is
    `["1", "2"]`. `given` is what `--config` gave (`workflow.config_settings.config`); no other value is touched.
    """
    for key, value in given.items():
        if isinstance(value, Mapping) and isinstance(config.get(key), dict):
            retype(config[key], value)
        elif key in config:
            config[key] = read_again(config[key])


def read_again(value: Any) -> Any:
    """The value that a text stands for, through lists and mappings; other values as they are."""
    import yaml

    if isinstance(value, list):
        return [read_again(item) for item in value]
    if isinstance(value, dict):
        return {key: read_again(item) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    number = words.number(value)
    if number is not None:
        return number
    try:
        read = yaml.safe_load(value)
    except yaml.YAMLError:
        return value
    return read if read is None or isinstance(read, bool) else value
