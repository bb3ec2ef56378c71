"""Explain why a file is stale: a changed module, configuration key or input.

    python workflow/tools/explain_rerun.py results/demo/table2.csv --profile profiles/demo

Snakemake decides whether a file is stale. The causes are found by comparing the command that would make the file now
with the manifest beside it, upstream through all stale inputs. Further arguments are passed to Snakemake.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lib.records import changes
from tools import dry_run
from tools.dry_run import Job

# Beginnings of Snakemake's reasons. With --rerun-incomplete it forces jobs whose outputs are marked as unfinished.
REASONS = {
    "Forced execution": "the job that was writing it was interrupted",
    "Code has changed": "the command of its rule changed",
    "Software environment definition has changed": "its software environment changed",
}


class Finding(NamedTuple):
    """A cause of staleness: the chain of files from the requested one upstream to the affected one, and a clause."""

    chain: tuple[str, ...]
    clause: str


def main(argv: list[str] | None = None) -> int:
    """Print the explanation; return 0, or 1 if Snakemake cannot plan the file."""
    # Without abbreviations: `--config KEY=VALUE` is Snakemake's, and would be read as `--configfile`.
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("file", metavar="FILE", help="a file that some rule makes")
    parser.add_argument("--profile", help="the profile of the run, as for snakemake")
    parser.add_argument("--configfile", help="the configuration of the run, as for snakemake")
    args, rest = parser.parse_known_args(argv)
    for flag in ("profile", "configfile"):
        if value := getattr(args, flag):
            rest += [f"--{flag}", value]
    file = os.path.relpath(args.file).removesuffix(".manifest.json")
    try:
        print(answer(file, rest))
    except dry_run.DryRunError as error:
        print(refusal(file, str(error)), file=sys.stderr)
        return 1
    return 0


def answer(file: str, arguments: list[str]) -> str:
    """Explain why `file` is stale, or state that it is not. `arguments` are Snakemake's. Raises `DryRunError`."""
    plan = dry_run.jobs([*arguments, "--", file])
    stale = {output: job for job in plan for output in job.output}
    if file not in stale:
        forced = dry_run.jobs([*arguments, "--force", "--", file])
        makers = [job for job in forced if file in job.output]
        return fresh(file, makers[0]) if makers else f"{file} is a rule, not a file: name a file that it makes."
    if not os.path.exists(file):
        others = len(plan) - 1
        after = f", after {others} other job{'s' if others > 1 else ''}." if others else "."
        return f"{file} does not exist: rule {stale[file].rule} makes it{after}"
    return "\n".join(format_findings(findings(file, stale)))


def fresh(file: str, job: Job) -> str:
    """Return the sentence for a file that Snakemake would keep, with a warning if its manifest disagrees."""
    manifest = read_manifest(file)
    clauses = [] if manifest is None else list(changes.between(manifest, job.command))
    if not clauses:
        return f"{file} is up to date."
    return (
        f"Snakemake would keep {file}, of which it has no record, although {' and '.join(clauses)}: "
        f"make it again with --forcerun {job.rule}."
    )


def findings(file: str, stale: dict[str, Job]) -> Iterator[Finding]:
    """Yield every cause by breadth-first search, nearest to `file` first; each stale job is visited once."""
    waiting: list[tuple[str, ...]] = [(file,)]
    seen = {id(stale[file])}
    while waiting:
        chain = waiting.pop(0)
        job = stale[chain[-1]]
        parents = [name for name in job.input if name in stale]
        clauses = list(own_clauses(job, chain[-1], set(parents)))
        if not clauses and not parents:
            clauses = [f"Snakemake says: {job.reason[:300]}"]
        yield from (Finding(chain, clause) for clause in clauses)
        for name in parents:
            if id(stale[name]) not in seen:
                seen.add(id(stale[name]))
                waiting.append((*chain, name))


def own_clauses(job: Job, file: str, parents: set[str]) -> Iterator[str]:
    """Yield the causes that made a job stale, apart from its stale inputs (`parents`)."""
    missing = [name for name in job.output if not os.path.exists(name)]
    if missing:
        yield f"{file if file in missing else missing[0]} does not exist"
        return
    yield from (clause for start, clause in REASONS.items() if start in job.reason)
    manifest = read_manifest(file)
    if manifest is None:
        if changes.option(job.command, "--code") is not None:
            yield f"it has no manifest ({changes.manifest_of(file)}) that says what it was made from"
        return
    yield from changes.between(manifest, job.command)
    made = changes.newest(Path(file))
    yield from (clause for name, clause in changes.inputs(manifest, made, job.reason) if name not in parents)
    if "Set of input files has changed" in job.reason:
        known = manifest.get("inputs") or {}
        yield from (f"input {name} is newly used" for name in job.input if name not in known)
        yield from (f"input {name} is no longer used" for name in known if name not in job.input)


def read_manifest(file: str) -> dict | None:
    """Read the manifest beside a file; None if it is missing or cannot be read."""
    try:
        found = json.loads(changes.manifest_of(file).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def format_findings(found: Iterator[Finding]) -> Iterator[str]:
    """Yield one sentence per cause with the shortest chain to it, and the number of other affected files."""
    groups: dict[str, list[Finding]] = {}
    for finding in found:
        missing = finding.clause.endswith(" does not exist")
        groups.setdefault("does not exist" if missing else finding.clause, []).append(finding)
    for group in groups.values():
        others = len(group) - 1
        more = f" The same holds for {others} more file{'s' if others > 1 else ''} upstream." if others else ""
        yield format_finding(group[0]) + more


def format_finding(finding: Finding) -> str:
    """Format a cause: "A is stale because its input B is stale because module M changed."."""
    *way, last = finding.chain
    start = "".join(f"{name} is stale because its input " for name in way)
    if finding.clause == f"{last} does not exist":
        return f"{start}{finding.clause}."
    return f"{start}{last} is stale because {finding.clause}."


def refusal(file: str, said: str) -> str:
    """Explain from Snakemake's output why there is no plan for the file."""
    if f"No rule to produce {file}" in said:
        what = "exists, but no rule" if os.path.exists(file) else "does not exist, and no rule"
        return (
            f"{file} {what} of this configuration makes it: correct the path, or name the profile or configuration "
            "of its run, such as --profile profiles/demo."
        )
    lines = "\n".join(f"    {line}" for line in said.splitlines()[-15:])
    return f"Snakemake cannot plan {file}; it says:\n{lines}"


if __name__ == "__main__":
    raise SystemExit(main())
