"""Every rule has the same frame, and its command is one that its script understands."""

import ast
import importlib.util
import re
import shlex
import sys
from pathlib import Path

import pytest

from lib.graph import code_digest
from slices_of_rules import SCRIPT_OF
from softrec.job import program
from tools.dry_run import Job
from tools.rule_text import WORKFLOW, Rule, rules

ROOT = WORKFLOW.parent
RULES = {f"{rule.file}:{rule.name}": rule for rule in rules()}
WORKING = {name: rule for name, rule in RULES.items() if rule.name != "all"}


def parser_of(script: str) -> program.Parser:
    """The parser of a script."""
    spec = importlib.util.spec_from_file_location(script, ROOT / f"scripts/{script}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.build_parser()


def test_the_text_is_read_right() -> None:
    """By hand, over all files; one in detail."""
    assert len(RULES) == 63
    found = RULES["tune.smk:tune"]
    assert found.docstring == "Tune a language model by a strategy"
    assert found.script == "tune_llm"
    assert found.flags[:3] == ["--engine", "--settings", "--code"]
    also = {"name", "priority", "resources", "conda", "params", "shell"}
    assert set(found.directives) == {"input", "output", "log", "benchmark"} | also


@pytest.mark.parametrize("name", WORKING)
def test_a_rule_has_log_benchmark_environment_and_both_params(name: str) -> None:
    """Nothing runs without a trace, and nothing is made without what its staleness is told by."""
    rule = WORKING[name]
    assert {"output", "log", "benchmark", "conda", "params", "shell"} <= set(rule.directives)
    assert not {"run", "script", "message", "notebook", "wrapper"} & set(rule.directives)
    assert "cfg=" in rule.directives["params"]
    assert f'code_digest("{rule.script}"' in re.sub(r"\(\s+", "(", rule.directives["params"])


@pytest.mark.parametrize("name", RULES)
def test_a_named_rule_has_a_docstring(name: str) -> None:
    """Its line for people; a rule made in a loop has its name in the place of one."""
    rule = RULES[name]
    assert rule.docstring or "name" in rule.directives


@pytest.mark.parametrize("name", WORKING)
def test_a_command_runs_one_script_with_quoted_values(name: str) -> None:
    """`python scripts/X.py`, settings and code, every value quoted by `:q`, errors to the log.

    Configuration comes through settings alone. Ranks are started by what stands in the place of `python`, which is more
    than one word.
    """
    rule = WORKING[name]
    assert rule.script, "not exactly one script"
    assert rule.script == SCRIPT_OF.get(rule.name, rule.name)
    values = re.findall(r"\{([^}]+)\}", rule.shell)
    assert all(value.endswith(":q") for value in values)
    assert ("$SOFTREC_LAUNCH" in rule.shell) == ("**engine.resources" in rule.directives.get("resources", ""))
    assert "config" not in rule.shell
    assert "wildcards" not in rule.shell
    assert "--settings {params.cfg:q}" in rule.shell
    assert "--code {params.code:q}" in rule.shell
    assert rule.shell.rstrip().rstrip('"').rstrip().endswith("2>{log:q}")


@pytest.mark.parametrize("name", WORKING)
def test_a_command_gives_the_flags_that_its_script_knows(name: str) -> None:
    """Every flag exists, every required one is given, none twice; inputs are given to inputs, outputs to outputs."""
    rule = WORKING[name]
    parser = parser_of(rule.script)
    options = {action.option_strings[-1]: action for action in parser._actions}
    assert len(set(rule.flags)) == len(rule.flags)
    assert set(rule.flags) <= set(options)
    assert {flag for flag, action in options.items() if action.required} <= set(rule.flags)
    for flag, group in re.findall(r"(--[a-z0-9-]+) \{(input|output)", rule.shell):
        assert options[flag].dest in {"input": parser.inputs, "output": parser.outputs}[group], flag


@pytest.mark.parametrize("name", WORKING)
def test_every_named_file_is_used_or_is_a_proof(name: str) -> None:
    """A file in `input:` or `output:` that the command does not name would be read behind the manifest's back.

    The audit is asked for to come first; nothing of it is read.
    """
    rule = WORKING[name]
    for group in ("input", "output"):
        named = re.findall(r"^    (\w+)=", rule.directives.get(group, ""), re.MULTILINE)
        assert all(f"{{{group}.{key}:q}}" in rule.shell for key in named if key != "audit" or group == "output")


def test_scripts_and_rules_belong_together() -> None:
    """Every script is some rule's, but for what starts ranks and those of `make demo`'s table and of `make audit`."""
    scripts = {path.stem for path in (ROOT / "scripts").glob("*.py")}
    assert scripts - {rule.script for rule in WORKING.values()} == {"audit_table", "launch_ranks", "show_table"}


def test_only_fetching_uses_the_network_and_runs_on_this_machine() -> None:
    """Rules of fetch.smk are local, and no other rule's script imports what downloads."""
    for rule in WORKING.values():
        networked = {"softrec.fetch.download", "softrec.fetch.hub", "softrec.fetch.wheel", "softrec.fetch.amazon2023"}
        imported = networked & set(code_digest.closure(rule.script))
        assert bool(imported) == (rule.file == "fetch.smk"), rule.name
        if rule.file == "fetch.smk":
            assert rule.directives["localrule"] == "True"


def by_rule(jobs: list[Job]) -> dict[str, Job]:
    """One job of each rule."""
    return {job.rule: job for job in jobs if job.command}


def test_commands_as_they_would_run_are_understood(paper_jobs: list[Job], demo_jobs: list[Job]) -> None:
    """One command of every rule in both plans, parsed by the script's own parser: each file of the job is in it."""
    for planned in [*by_rule(paper_jobs).values(), *by_rule(demo_jobs).values()]:
        words = shlex.split(planned.command.replace("\\\n", " "))
        assert words[0] in ("python", "$SOFTREC_LAUNCH")
        *_, script = (i for i, word in enumerate(words) if word.startswith("scripts/"))
        parser = parser_of(Path(words[script]).stem)
        args = parser.parse_args([word for word in words[script + 1 :] if not word.startswith("2>")])
        given = {str(path) for path in parser.paths(args, parser.inputs)}
        assert given == {path for path in planned.input if not path.endswith("_audit.json")} or (
            planned.rule in ("audit_split", "audit_sample") and given == set(planned.input)
        )
        assert {str(path) for path in parser.paths(args, parser.outputs)} == set(planned.output)


def pins(text: str) -> dict[str, str]:
    """`name==version` lines, names as the package index sees them."""
    found = re.findall(r"^[\s-]*([A-Za-z0-9_-]+)==(\S+)", text, re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in found}


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda path: path.name)
def test_environments_repeat_the_constraints(path: Path) -> None:
    """One version of each library, whichever way it is installed; nothing in an environment goes without a pin."""
    constraints = pins((ROOT / "envs/constraints.txt").read_text())
    text = path.read_text()
    listed = re.findall(r"^      - (\S+)", text, re.MULTILINE)
    assert listed
    assert all("==" in line for line in listed)
    assert pins(text).items() <= constraints.items()


def test_requirements_are_pinned() -> None:
    """Every library that is asked for has its version in constraints.txt, and every version is asked for somewhere."""
    asked = set()
    for name in ("requirements.txt", "requirements-use.txt", "requirements-dev.txt", "requirements-slurm.txt"):
        lines = (ROOT / f"envs/{name}").read_text().splitlines()
        words = [line.split("#")[0].strip() for line in lines]
        asked |= {word.lower().replace("_", "-") for word in words if word and not word.startswith("-")}
    constraints = set(pins((ROOT / "envs/constraints.txt").read_text()))
    assert asked <= constraints


@pytest.mark.parametrize("name", WORKING)
def test_an_environment_has_what_its_script_imports(name: str) -> None:
    """Every library that the script's modules import stands in the environment of its rule.

    Libraries of functions that only scripts of other environments call are excepted.
    """
    rule = WORKING[name]
    environment = pins((WORKFLOW / "rules" / rule.directives["conda"].strip().strip('"')).resolve().read_text())
    for module, path in code_digest.closure(rule.script, *extra_roots(rule)).items():
        for library in libraries(path) - {library for where, library in ELSEWHERE if where == module}:
            assert library in environment, f"{module} imports {library}"


ELSEWHERE = {("softrec.splits.samples", "datasets")}
ELSEWHERE |= {("softrec.io.tables", "pyarrow")}


def libraries(path: Path) -> set[str]:
    """The libraries that a file imports anywhere, named as in the package index."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    imported = found - {"common", "softrec", *sys.stdlib_module_names}
    return {{"markdown_it": "markdown-it-py"}.get(name, name.lower().replace("_", "-")) for name in imported}


def extra_roots(rule: Rule) -> list[str]:
    """Modules that the rule names for its digest, loaded by name."""
    return ["softrec.llm.backbones.bigrec"] if "softrec.llm.backbones" in rule.directives["params"] else []
