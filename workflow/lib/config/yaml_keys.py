"""Find what PyYAML reads silently and differently from how it looks.

These are keys given twice, of which it keeps the last, and numbers in base 8 or 60.
"""

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from lib.config import messages as words

NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
MISREAD = re.compile(r"[-+]?(0_*[0-7][0-7_]*|[0-9][0-9_]*(:[0-9.]+)+)")  # 010 is eight, 1:30 is ninety


def files(configuration: Iterable[Path], arguments: Sequence[str]) -> list[Path]:
    """The YAML files of a run: its configuration, and the profiles named by Snakemake's `arguments`."""
    return [*configuration, *profiles(arguments)]


def profiles(arguments: Sequence[str]) -> list[Path]:
    """The files of the profiles named by Snakemake's `arguments` that are in the folder given there."""
    named = [after for before, after in itertools.pairwise(arguments) if before == "--profile"]
    named += [word.partition("=")[2] for word in arguments if word.startswith("--profile=")]
    return [path for name in named if (path := Path(name) / "config.yaml").is_file()]


def problems(path: Path) -> list[str]:
    """A line for each key given more than once, at any depth, and each number that YAML reads differently from people.

    A file that is missing or does not parse has no lines here: the code that reads it reports that.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return []
    try:  # JSON first, as whoever reads it does: indented by tabs it is no YAML
        names: list[str] = []
        json.loads(text, object_pairs_hook=lambda pairs: names.extend(repeated(pairs)))
        return [f"{name} stands twice in an object: keep one" for name in names]
    except (ValueError, RecursionError):
        pass
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return []
    return [] if root is None else list(node_problems(root, ""))


def repeated(pairs: Iterable[tuple[str, object]]) -> list[str]:
    """Keys that occur more than once in a JSON object."""
    return [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]


def node_problems(node: Node, path: str) -> Iterator[str]:
    """The lines about a node and all below it."""
    if isinstance(node, SequenceNode):
        for i, item in enumerate(node.value):
            yield from node_problems(item, f"{path}[{i}]")
    if isinstance(node, ScalarNode) and node.tag in NUMBERS and node.style is None and MISREAD.fullmatch(node.value):
        read = yaml.SafeLoader("").construct_object(node)
        line = node.start_mark.line + 1
        yield f"{path} is {node.value} in line {line}, which YAML reads as {read}: write that, or quotes around it"
    if not isinstance(node, MappingNode):
        return
    places: dict[tuple[str, str], list[int]] = {}
    for key, value in node.value:
        if isinstance(key, ScalarNode):
            places.setdefault((key.tag, key.value), []).append(key.start_mark.line + 1)
            yield from node_problems(value, words.join(path, key.value))
    for (tag, key), lines in places.items():
        if len(lines) > 1 and not tag.endswith(":merge"):
            times = "twice" if len(lines) == 2 else f"{len(lines)} times"
            numbers = f"{', '.join(map(str, lines[:-1]))} and {lines[-1]}"
            yield f"{words.join(path, key)} stands {times}, in lines {numbers}: keep one"
