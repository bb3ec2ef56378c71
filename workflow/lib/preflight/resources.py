"""Checks of disk, file system, models and data before a job is submitted."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from common import hub_commits, model_types
from lib.config.messages import suggestion
from lib.cost.sizes import weights_of
from lib.graph import sources

TRUE = ("1", "ON", "YES", "TRUE")
NODE_LOCAL = ("tmpfs", "ramfs", "ext2/ext3", "ext4", "xfs", "btrfs", "zfs", "overlayfs")  # in the words of `stat`
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
SPARE = 0.05  # GiB for all that is not counted: tables, logs, figures
SHARED = "SOFTREC_SHARED_FS"


def disk_space(folder: Path, gib: float) -> list[str]:
    """Check that the remaining outputs fit on the disk of `folder`, which need not exist yet."""
    there = next(path for path in (folder, *folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(there).free / 2**30
    if free >= gib + SPARE:
        return []
    return [
        f"{folder}/ has {free:,.2f} GiB free, and this run writes about {gib + SPARE:,.2f}, logs and tables included: "
        f"make room, or let {folder} be a link to a larger disk."
    ]


def writable(folder: Path) -> list[str]:
    """Check that files can be created in `folder`, or in its closest existing parent."""
    there = next(path for path in (folder, *folder.resolve().parents) if path.exists())
    try:
        if not there.is_dir():
            raise NotADirectoryError(f"{there} is no folder")
        with tempfile.TemporaryFile(dir=there):
            return []
    except OSError as error:
        return [
            f"{folder}/ cannot be written to ({error.strerror or error}): results go there; mend it, or run elsewhere."
        ]


def shared_file_system(folder: Path, hosts: Iterable[str]) -> list[str]:
    """Check that the cluster's nodes, on these hosts, can see `folder`.

    Only a job could prove that. A file system of a kind that is local to a machine is refused if there are other
    machines, unless the environment variable SOFTREC_SHARED_FS declares that it is exported to them.
    """
    here = socket.gethostname().split(".")[0]
    others = sorted({host for host in hosts if host.split(".")[0] != here})
    if not others or os.environ.get(SHARED, "").upper() in TRUE:
        return []
    try:
        told = subprocess.run(
            ["stat", "-f", "-c", "%T", str(folder)], capture_output=True, text=True, errors="replace", timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"{folder.resolve()}: its file system does not answer ({error}): see whether it is there."]
    kind = told.stdout.strip()
    if kind not in NODE_LOCAL:
        return []
    return [
        f"{folder.resolve()} is on {kind}, which nodes like {others[0]} do not share: run softrec in a folder of the "
        f"cluster's shared file system, or set {SHARED}=1 if they see this one."
    ]


def llm_access(llms: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each problem with the language models that are to be fetched.

    `llms` maps a name to its configuration: `kind` (wheel or hub), `repository`, `revision` and `gated`. The network is
    not used.
    """
    on_hub = {name: llm for name, llm in llms.items() if llm["kind"] == "hub"}
    return [problem for name, llm in on_hub.items() for problem in hub_problems(name, llm)]


def local_files(llms: Mapping[str, Mapping[str, Any]], datasets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each missing folder of a language model or file of a data set of the user's own.

    This is checked before the rules: Snakemake would report a missing input without the key that names it.
    """
    own = {name: llm for name, llm in llms.items() if llm["kind"] == "path"}
    folders = {f"llms.{name}.folder": llm["folder"] for name, llm in own.items()}
    given = {f"datasets.{name}.source": dataset["source"] for name, dataset in datasets.items()}
    found = {key: source for key, source in given.items() if source["kind"] == "files"}
    problems = [line for key, folder in folders.items() for line in asked(folder_problems, key, Path(folder))]
    problems += [line for name, llm in own.items() for line in asked(template_problems, f"llms.{name}", llm)]
    return problems + [line for key, source in found.items() for line in asked(source_problems, key, source)]


def asked(question: Callable[[str, Any], list[str]], key: str, about: Any) -> list[str]:
    """Return the problems that a check finds for a key, or the system's error about its paths."""
    try:
        return question(key, about)
    except (OSError, ValueError) as error:
        return [f"{key} names files that cannot be looked at ({error}): correct the paths."]


def source_problems(key: str, source: Mapping[str, Any]) -> list[str]:
    """Check that a data set's folder has its files; `key` is the configuration's key."""
    folder = Path(source["folder"])
    if not folder.is_dir():
        return [f"{key}.folder is {folder}, which is no folder: correct the path."]
    there = [path.name for path in folder.iterdir() if path.is_file()]
    given = [(role, source[role]) for role in ("ratings", "metadata") if role in source]
    gone = [(role, file) for role, file in given if not (folder / file).is_file()]
    return [
        f"{key}.{role} is {file}, which {folder} {'has as a folder' if (folder / file).is_dir() else 'does not have'}: "
        + (suggestion(file, there) or "correct the name.")
        for role, file in gone
    ]


def folder_problems(name: str, folder: Path) -> list[str]:
    """Check that transformers can load a model from `folder`; `name` is the configuration's key."""
    key, remedy = f"{name} is {folder}", "save it with `model.save_pretrained(folder)`"
    if not folder.is_dir():
        return [f"{key}, which is no folder: correct the path."]
    if odd := [path for path in sorted(folder.rglob("*")) if not (path.is_file() or path.is_dir())]:
        return [f"{key}, in which {odd[0].name} is neither a file nor a folder: remove it."]
    if (folder / "adapter_config.json").is_file():
        return [f"{key}, which holds an adapter (adapter_config.json): merge it into the model, or remove its files."]
    if not (folder / "config.json").is_file():
        return [f"{key}, which has no config.json: name a folder that transformers can load."]
    if not any((folder / name).is_file() for name in ("model.safetensors", "model.safetensors.index.json")):
        pickled = next((path.name for path in sorted(folder.glob("*")) if path.suffix in PICKLED), None)
        found = f"whose weights are pickled ({pickled}), which can run code" if pickled else "which has no safetensors"
        return [f"{key}, {found}: {remedy}."]
    try:
        said = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        return [f"{key}, whose config.json cannot be read ({error}): {remedy}."]
    if not isinstance(said, dict):
        return [f"{key}, whose config.json holds no object: {remedy}."]
    if "auto_map" in said:
        return [
            f"{key}, whose config.json asks for code of its own (auto_map), which is never run: name another model."
        ]
    if "transformers_weights" in said:
        return [f"{key}, whose config.json names another file of weights (transformers_weights): remove that key."]
    if "model_type" in said and (what := model_types.problem(said)):
        return [f"{key}, whose config.json {what}: {model_types.REMEDY}."]
    if not weights_of({"kind": "path", "folder": folder}):
        return [f"{key}, whose files of safetensors hold no weights (they may be pointers of Git LFS): fetch it again."]
    return []


def template_problems(key: str, llm: Mapping[str, Any]) -> list[str]:
    """Check that a folder has a chat template if one is asked for; a job that uses it checks the template itself."""
    folder = Path(llm["folder"])
    settings = folder / "tokenizer_config.json"
    if not llm.get("chat_template") or (folder / "chat_template.jinja").is_file() or not folder.is_dir():
        return []
    if settings.is_file() and '"chat_template"' in settings.read_text(encoding="utf-8", errors="replace"):
        return []
    return [
        f"{key}.chat_template is true, but {folder} has no chat template: set it to false, or use an instruct model."
    ]


def hub_problems(name: str, llm: Mapping[str, Any]) -> list[str]:
    """Check that a model on the hub is available: in the hub's cache, or else by download with a token if gated."""
    repository, revision = llm["repository"], llm["revision"]
    if snapshot(repository, revision) is not None:
        return []
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in TRUE:
        wanted = required_commit(repository, revision) or revision
        return [
            f"llms.{name} is {repository}@{wanted}, which the cache in {hub_cache()} does not have, and "
            "HF_HUB_OFFLINE forbids to fetch it: unset HF_HUB_OFFLINE, or set HF_HOME to the cache that has it."
        ]
    if llm.get("gated") and not has_token():
        return [
            f"llms.{name} is {repository}, which is gated, and this machine has no token: accept the licence at "
            f"https://huggingface.co/{repository}, then run `hf auth login` or set HF_TOKEN."
        ]
    return []


def has_token() -> bool:
    """Whether huggingface_hub would find a token: in the environment, or in the file that `hf auth login` writes."""
    if any(os.environ.get(key, "").strip() for key in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")):
        return True
    file = Path(os.environ.get("HF_TOKEN_PATH") or hf_home() / "token").expanduser()
    return file.is_file() and bool(file.read_bytes().strip())


def hf_home() -> Path:
    """Return the folder of huggingface_hub's token and cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("HF_HOME") or Path(cache) / "huggingface").expanduser()


def hub_cache() -> Path:
    """Return the folder of the hub's cache."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    return Path(named).expanduser() if named else hf_home() / "hub"


def snapshot(repository: str, revision: str) -> Path | None:
    """Return the cached folder of a model's revision (a branch or a commit) if it has a config.json, else None.

    For a branch that was used before, this is the commit that was recorded then (common.hub_commits).
    """
    model = hub_cache() / f"models--{repository.replace('/', '--')}"
    revision = required_commit(repository, revision) or revision
    ref = model / "refs" / revision
    commit = ref.read_text().strip() if ref.is_file() else revision
    folder = model / "snapshots" / commit
    return folder if (folder / "config.json").is_file() else None


def required_commit(repository: str, revision: str) -> str | None:
    """Return the commit recorded when a branch was first used; None if there is no record or it is broken."""
    place = hub_commits.place_of(sources.COMMITS, repository, revision)
    try:
        return str(json.loads(place.read_text(encoding="utf-8"))["commit"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # the job that fetches the model reports a broken record
