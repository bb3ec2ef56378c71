"""A finished run as a Workflow Run RO-Crate: workflow, configuration, sources, results, software, licence.

Metadata follow RO-Crate 1.1 and the profile Workflow Run Crate 0.5. Small files (workflow, configuration, tables,
figures) are copied into the crate. Sources (raw data, base models) are named with their sha256: they may be large, and
softrec may not redistribute them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from common import files
from common.errors import SoftrecError
from softrec.io.records import Record, read_record

PROFILES = (
    ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"),
    ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"),
)
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}  # a term beyond the context of RO-Crate 1.1
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
LICENCE = "https://spdx.org/licenses/MIT"
MEDIA = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".tex": "application/x-tex",
}
MAIN, CONFIG, METADATA = "workflow/Snakefile", "config.json", "ro-crate-metadata.json"


@dataclass(frozen=True)
class CrateSettings:
    """run: name of the run, as in its manifest."""

    run: str


class CrateFiles(NamedTuple):
    """Files of a crate: the run's manifest, its results, the workflow's files, and its licence."""

    manifest: Path
    results: Sequence[Path]
    workflow: Sequence[Path]
    licence: Path


def write_crate(folder: Path, given: CrateFiles, settings: CrateSettings) -> None:
    """Write a crate to `folder`, which must not exist.

    Raises `SoftrecError` if rocrate is not installed, a result is not the one in the manifest, or none is given.
    """
    try:
        from rocrate.rocrate import ROCrate
    except ModuleNotFoundError as error:
        raise SoftrecError(
            f"the library {error.name} is not installed",
            remedy="pip install -r envs/requirements-use.txt -c envs/constraints.txt",
        ) from error
    manifest = read_record(given.manifest)
    require_results(manifest, given.results)
    if manifest.text("run") != settings.run:
        what = f"{given.manifest} describes the run {manifest.text('run')!r}, not {settings.run!r}"
        raise SoftrecError(what, remedy="give the files of one run")
    folder.mkdir()
    written = folder / CONFIG
    written.write_text(json.dumps(manifest.record("configuration").value, indent=2) + "\n", encoding="utf-8")
    crate: Any = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append(TERMS)
    crate.name = f"softrec: run {settings.run}"
    crate.description = f"The run {settings.run} of softrec: its workflow, configuration, tables and figures."
    crate.datePublished = day_of(given.manifest)
    crate.license = entity(crate, LICENCE, "CreativeWork", name="MIT License", url=LICENCE)
    lang = {"lang": "snakemake", "lang_version": manifest.record("versions").text("snakemake")}
    workflow = crate.add_workflow(MAIN, MAIN, main=True, **lang, properties={"name": "softrec"})
    workflow["version"], workflow["encodingFormat"] = commit_of(manifest), "text/plain"
    workflow["conformsTo"] = entity(crate, BIOSCHEMAS, "CreativeWork", name="ComputationalWorkflow profile")
    authors = entity(crate, "#authors", "Organization", name="the softrec authors")
    crate.root_dataset["author"] = crate.root_dataset["publisher"] = workflow["creator"] = authors
    workflow["license"] = crate.license
    workflow["softwareRequirements"] = software(crate, manifest)
    for path in given.workflow:
        if str(path) != MAIN:
            crate.add_file(path, str(path), properties={"name": path.name, "encodingFormat": "text/plain"})
    crate.add_file(given.licence, given.licence.name, properties={"name": "licence", "encodingFormat": "text/plain"})
    config = add(crate, written, CONFIG, f"configuration of the run {settings.run}")
    own = add(crate, given.manifest, given.manifest.name, "manifest of the run")
    root = given.manifest.parent
    outputs = [add(crate, path, str(path.relative_to(root)), described(path)) for path in given.results]
    action(crate, workflow, manifest, [config, *sources(crate, manifest)], [own, *outputs])
    crate.root_dataset["mainEntity"] = workflow
    profiles = [entity(crate, name, "CreativeWork", name=title, version=number) for name, title, number in PROFILES]
    crate.root_dataset["conformsTo"] = profiles
    crate.write(folder)
    in_order(folder / METADATA)


def commit_of(manifest: Record) -> str:
    """Return the commit of the workflow's repository, or "unknown" if the run was not made in a repository."""
    return manifest.record("repository").value.get("commit") or "unknown"


def day_of(manifest: Path) -> str:
    """Return the day on which the manifest was written, in UTC: RO-Crate requires a date of publication."""
    return datetime.fromtimestamp(manifest.stat().st_mtime, UTC).date().isoformat()


def require_results(manifest: Record, results: Sequence[Path]) -> None:
    """Raise `SoftrecError` unless the results that the manifest names are given, with its digests."""
    named = manifest.record("results")
    for name in named.value:
        if Path(name) not in results:
            raise SoftrecError(
                f"{name}, a result in {manifest.path}, is not given", remedy="give all results of the run"
            )
        if (found := files.sha256(Path(name))) != named.text(name):
            raise SoftrecError(
                f"{name} is not the one that {manifest.path} describes",
                where=f"its sha256 is {found}, in the manifest {named.text(name)}",
                remedy="start the run again: it makes both anew",
            )


def entity(crate: Any, identifier: str, kind: str, **properties: Any) -> Any:
    """Add a contextual entity."""
    from rocrate.model.contextentity import ContextEntity

    return crate.add(ContextEntity(crate, identifier, properties={"@type": kind, **properties}))


def add(crate: Any, path: Path, place: str, name: str) -> Any:
    """Add a file with its name, media type, size and sha256."""
    facts = {"contentSize": str(path.stat().st_size), "sha256": files.sha256(path)}
    media = MEDIA.get(path.suffix, "application/octet-stream")
    return crate.add_file(path, place, properties={"name": name, "encodingFormat": media, **facts})


def described(path: Path) -> str:
    """Return a result's name for people: "table2 (csv)"."""
    return f"{path.stem} ({path.suffix.removeprefix('.')})"


def software(crate: Any, manifest: Record) -> list[Any]:
    """Add the libraries of the run's jobs with their versions."""
    found = []
    for name, version in sorted(manifest.record("versions").value.items()):
        text = version if isinstance(version, str) else ", ".join(version)
        facts = {"name": name, "softwareVersion": text}
        found.append(entity(crate, f"#software-{name}", "SoftwareApplication", **facts))
    return found


def sources(crate: Any, manifest: Record) -> list[Any]:
    """Add the raw data and base models with their digests and what the jobs that fetched them noted."""
    found = []
    for place, (name, facts) in enumerate(sorted(manifest.record("sources").value.items()), start=1):
        digests = facts["sha256"] if isinstance(facts["sha256"], list) else [facts["sha256"]]
        noted = {"description": json.dumps(facts["notes"], sort_keys=True)} if facts["notes"] else {}
        own = {"name": name, "sha256": digests[0] if len(digests) == 1 else digests, **noted}
        found.append(entity(crate, f"#source-{place}", "CreativeWork", **own))
    return found


def action(crate: Any, workflow: Any, manifest: Record, objects: list[Any], results: list[Any]) -> None:
    """Add the run itself: workflow, inputs, outputs, and the commit of the code."""
    name = f"run {manifest.text('run')}"
    facts = {"name": name, "description": f"{name} with the workflow's commit {commit_of(manifest)}"}
    own = entity(crate, "#run", "CreateAction", **facts)
    own["instrument"], own["object"], own["result"] = workflow, objects, results
    own["actionStatus"] = "http://schema.org/CompletedActionStatus"
    crate.root_dataset["mentions"] = own


def in_order(path: Path) -> None:
    """Write the metadata again with entities and keys in a fixed order, so that equal runs give equal files."""
    found: Mapping[str, Any] = files.read_json(path)
    graph = sorted(found["@graph"], key=lambda own: (own["@id"] != METADATA, own["@id"] != "./", own["@id"]))
    ordered = {"@context": found["@context"], "@graph": [dict(sorted(own.items())) for own in graph]}
    path.write_text(json.dumps(ordered, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
