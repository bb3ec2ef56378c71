"""Generate scripts/README.md: each rule with its script, what it reads and what it writes, by the data flow.

python workflow/tools/scripts_page.py
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.page_tables import Table, markdown
from tools.rule_text import WORKFLOW, Rule, rules

PAGE = WORKFLOW.parent / "scripts/README.md"
TEXT = """# Scripts

This page is generated from the rules by `make pages`.

Each script is the program of a rule: it parses arguments, loads its inputs, calls functions of `softrec/`, and writes
its outputs with a manifest beside each. `python scripts/NAME.py --help` lists its arguments; `--settings` takes its
part of the configuration as JSON. Scripts are not in subfolders, because the folder of a script is the first entry of
`sys.path`: `import softrec` works without installation.

Paths are relative to `results/<run>/`, and `{...}` stands for a value such as a data set. A word in italics is an
input or output whose path depends on the configuration, by its name in the rule.
"""


def stages() -> list[str]:
    """The files of rules in the order in which the Snakefile includes them, which is that of the data flow."""
    return re.findall(r'include: "rules/(\w+\.smk)"', (WORKFLOW / "Snakefile").read_text())


def title(file: str) -> str:
    """The first sentence of a file of rules."""
    line = (WORKFLOW / "rules" / file).read_text().splitlines()[0]
    return re.split(r"[.;] |\.$", line.removeprefix("# "))[0]


def entries(directive: str) -> Iterator[str]:
    """The entries of `input` or `output`: a path where the rule gives one literally, else its name in italics."""
    call = ast.parse(f"f({directive.strip()})").body[0]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    for value in call.value.args:
        yield path(value) or "*paths*"
    for keyword in call.value.keywords:
        if keyword.arg != "audit":  # it has to exist before the job starts, and is not read
            yield path(keyword.value) or (f"*{keyword.arg}*" if keyword.arg else "*files*")


def path(value: ast.expr) -> str:
    """The literal path of an entry, in code, or "" if it is computed."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) in ("directory", "report", "place.path"):
        value = value.args[0]
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return f"`{value.value.removeprefix('results/<run>/')}`"
    if isinstance(value, ast.JoinedStr):
        text = ast.unparse(value)[2:-1].replace("{{", "{").replace("}}", "}")
        return f"`{text.removeprefix('results/{RUN}/').removeprefix('results/<run>/')}`"
    return ""


def row(rule: Rule) -> tuple[str, ...]:
    """One line of a stage's table."""
    reads, writes = ("<br>".join(entries(rule.directives.get(name, ""))) for name in ("input", "output"))
    return f"`{rule.name}`", f"`{rule.script}.py`", rule.docstring or summary(rule.script), reads, writes


def summary(script: str) -> str:
    """The first line of a script's docstring."""
    tree = ast.parse((WORKFLOW.parent / f"scripts/{script}.py").read_text())
    return (ast.get_docstring(tree) or "").splitlines()[0].rstrip(".")


def page() -> str:
    """The whole page."""
    found = [TEXT]
    own = {file: [rule for rule in rules() if rule.file == file and rule.script] for file in stages()}
    for file, members in own.items():
        found += [f"## {title(file)}\n", f"Rules: `workflow/rules/{file}`.\n"]
        heading = ("rule", "script", "what it does", "reads", "writes")
        found += [markdown(Table(heading, [row(rule) for rule in members], len(heading))) + "\n"]
    return "\n".join(found)


if __name__ == "__main__":
    PAGE.write_text(page())
