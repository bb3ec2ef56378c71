"""Rules as they are written: name, docstring and directives, read from the text that snakefmt keeps in one form."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

WORKFLOW = Path(__file__).resolve().parents[1]
START = re.compile(r"^(?P<indent> *)rule(?: (?P<name>\w+))?:$")
DIRECTIVE = re.compile(r"^(?P<name>\w+):(?P<value>.*)$")
FLAG = re.compile(r"--[a-z][a-z0-9-]*")


class Rule(NamedTuple):
    """A rule: its file and name (that of its script, where the rule is made in a loop), and its directives' text."""

    file: str
    name: str
    docstring: str
    directives: dict[str, str]

    @property
    def shell(self) -> str:
        """The command, as written."""
        return self.directives.get("shell", "")

    @property
    def script(self) -> str:
        """The name of the script in the command."""
        found = re.findall(r"\$SOFTREC_SCRIPTS\"/(\w+)\.py", self.shell)
        return found[0] if len(found) == 1 else ""

    @property
    def flags(self) -> list[str]:
        """The flags in the command."""
        return FLAG.findall(self.shell)


def rules() -> Iterator[Rule]:
    """All rules of the workflow, file by file."""
    for path in [WORKFLOW / "Snakefile", *sorted((WORKFLOW / "rules").glob("*.smk"))]:
        lines = path.read_text().splitlines()
        for i, line in enumerate(lines):
            if match := START.match(line):
                yield rule(path.name, match["name"] or "", body(lines[i + 1 :], len(match["indent"])))


def body(lines: list[str], indent: int) -> list[str]:
    """The lines that stand deeper than `indent`, up to the first that does not, without their common indentation."""
    taken = []
    for line in lines:
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        taken.append(line)
    return textwrap.dedent("\n".join(taken)).splitlines()


def rule(file: str, name: str, lines: list[str]) -> Rule:
    """A rule from its dedented body."""
    directives: dict[str, str] = {}
    docstring, current = "", ""
    for line in lines:
        if match := DIRECTIVE.match(line):
            current = match["name"]
            directives[current] = match["value"].strip()
        elif current:
            directives[current] += f"\n{line}"
        elif line.startswith('"""'):
            docstring = line.strip('"')
    if not name:
        name = re.findall(r'f"(\w+)_\{', directives["name"])[0]
    return Rule(file, name, docstring, directives)
