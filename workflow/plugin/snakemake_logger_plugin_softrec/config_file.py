"""Reader of configuration files that replaces Snakemake's: it never runs code, and reports errors in a sentence.

Snakemake evaluates Python in a configuration file with the key `__use_yte__`, does not report the line of broken YAML,
and ends in a traceback if a file is missing or not UTF-8. `attach` replaces its reader by `read`. Nothing of the
workflow is imported, because the workflow that runs may be another copy.
"""

import json
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

TEMPLATE = "__use_yte__"
MOST = 100_000  # values, with aliases expanded: the paper's configuration has some 300
TARGET = "If it is a target, write -- before it: --configfile takes all words that follow."
LARGEST = 16 << 20  # bytes


class ConfigFileError(Exception):
    """A configuration file that cannot be used; the text says where and why."""


def attach() -> None:
    """Patch Snakemake to read configuration files by `read`; profiles (trusted) and schemas keep its own reader."""
    import snakemake.common.configfile
    import snakemake.settings.types

    for module in (snakemake.common.configfile, snakemake.settings.types):
        module.load_configfile = read_or_exit


def read_or_exit(path: str | Path) -> dict[str, Any]:
    """Call `read`; on an error print only its sentence and exit with status 1."""
    try:
        return read(path)
    except ConfigFileError as error:
        named = Path(path).suffix.lower() in (".yaml", ".yml", ".json")
        raise SystemExit(str(error) if named else f"{error}. {TARGET}") from None


def read(path: str | Path) -> dict[str, Any]:
    """Read a configuration file, JSON or YAML, as a mapping.

    Raises:
        ConfigFileError: one sentence with file and line: the file cannot be opened, is not UTF-8, does not parse, is
            not a mapping, has too many values, contains itself, or is a template that would be evaluated.
    """
    text = text_of(Path(path))
    try:
        return mapping(json.loads(text), path)
    except json.JSONDecodeError as error:
        if Path(path).suffix.lower() == ".json":
            raise ConfigFileError(f"{path}, line {error.lineno}: this is not JSON: {error.msg}") from None
    except (ValueError, RecursionError):
        pass
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is not None and size(root, {}) > MOST:
            raise ConfigFileError(f"{path}: it has more than {MOST:,} values, with aliases expanded: give fewer")
        return mapping(yaml.safe_load(text), path)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigFileError(f"{path}{line}: this is not YAML: {error.problem or error.context}") from None
    except ConfigFileError:
        raise
    except RecursionError:
        raise ConfigFileError(f"{path}: it nests values too deep") from None
    except yaml.reader.ReaderError as error:
        number = text[: error.position].count("\n") + 1
        said = f"the character {error.character:#04x} may not stand in YAML; remove it"
        raise ConfigFileError(f"{path}, line {number}: {said}") from None
    except Exception as error:  # a tag such as !!int raises whatever its text leads to
        line = f", line {found}" if (found := unmade(text)) else ""
        said = " ".join(str(error).split()) or repr(error)
        raise ConfigFileError(f"{path}{line}: this is not YAML: {said}") from None


def unmade(text: str) -> int | None:
    """Return the line of the first value that its tag, such as !!int, cannot convert; None if there is none."""
    loader = yaml.SafeLoader("")
    nodes, seen = [yaml.compose(text, Loader=yaml.SafeLoader)], set()
    while nodes:
        node = nodes.pop()
        if id(node) in seen:  # an alias, perhaps within itself
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            nodes += [part for pair in reversed(node.value) for part in reversed(pair)]
        elif isinstance(node, yaml.SequenceNode):
            nodes += reversed(node.value)
        elif isinstance(node, yaml.ScalarNode):
            try:
                loader.construct_object(node)
            except Exception:
                return int(node.start_mark.line) + 1
    return None


def text_of(path: Path) -> str:
    """Read the text of a file that must be UTF-8; a byte order mark is dropped."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise ConfigFileError(f"{path}: a configuration is read more than once, and this is a pipe: write it to a file")
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        where = "" if path.is_absolute() or path.exists() else f" in {Path.cwd()}"
        raise ConfigFileError(f"{path}: the configuration file cannot be read: {error.strerror}{where}") from None
    if len(raw) > LARGEST:
        raise ConfigFileError(f"{path}: a configuration may have at most {LARGEST >> 20} MiB: give another file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        said = f"byte {raw[error.start]:#04x} is not UTF-8; save the file as UTF-8 (it may be Latin-1)"
        raise ConfigFileError(f"{path}, line {line}: {said}") from None


def mapping(found: Any, path: str | Path) -> dict[str, Any]:
    """Return the parsed file. Raises `ConfigFileError` if it is not a mapping, or is a template."""
    if not isinstance(found, dict):
        raise ConfigFileError(f"{path}: a configuration is a mapping of keys to values, not {type(found).__name__}")
    if TEMPLATE in found:
        raise ConfigFileError(f"{path}: {TEMPLATE} would let the file run code: remove it, and the expressions after ?")
    return found


def size(node: Node, known: dict[int, int | None]) -> int:
    """Count the values of a node, with aliases expanded. Raises `ValueError` if the node contains itself."""
    if id(node) in known:
        if (found := known[id(node)]) is None:
            raise ValueError(f"an alias in line {node.start_mark.line + 1} contains itself")
        return found
    known[id(node)] = None
    inner: list[Node] = []
    if isinstance(node, MappingNode):
        inner = [part for pair in node.value for part in pair]
    elif isinstance(node, SequenceNode):
        inner = node.value
    known[id(node)] = total = 1 + sum(size(part, known) for part in inner)
    return total
