"""Questions about this machine that are cheaper before a job is submitted than after. Standard library only."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

TRUE = ("1", "ON", "YES", "TRUE")


def llm_access(llms: Mapping[str, Mapping[str, Any]], fetched: Collection[str] = ()) -> list[str]:
    """What stands in the way of each configured language model, one sentence per problem; empty if nothing does.

    `llms` maps a name to its configuration: `kind` (tiny, wheel, path or hub), and `folder` or `repository`, `revision`
    and `gated`. Names in `fetched` (their output exists) are not asked for again. The network is not used.
    """
    problems = []
    for name, llm in llms.items():
        if llm["kind"] == "path":
            problems += folder_problems(name, Path(llm["folder"]))
        elif llm["kind"] == "hub" and name not in fetched:
            problems += hub_problems(name, llm)
    return problems


def folder_problems(name: str, folder: Path) -> list[str]:
    """Whether `folder` is one that transformers can load."""
    if not folder.is_dir():
        return [f"llms.{name}.folder is {folder}, which is no folder: correct the path."]
    if not (folder / "config.json").is_file():
        return [f"llms.{name}.folder is {folder}, which has no config.json: name a folder that transformers can load."]
    return []


def hub_problems(name: str, llm: Mapping[str, Any]) -> list[str]:
    """Whether a model on the hub can be had: from the hub's cache if it is there, else with a network and a token."""
    repository, revision = llm["repository"], llm["revision"]
    if snapshot(repository, revision) is not None:
        return []
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in TRUE:
        return [
            f"llms.{name} is {repository}@{revision}, which the cache in {hub_cache()} does not have, and "
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
    return file.is_file() and bool(file.read_text().strip())


def hf_home() -> Path:
    """Where huggingface_hub keeps the token and its cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("HF_HOME") or Path(cache) / "huggingface").expanduser()


def hub_cache() -> Path:
    """The folder of the hub's cache."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    return Path(named).expanduser() if named else hf_home() / "hub"


def snapshot(repository: str, revision: str) -> Path | None:
    """The cached folder of a model's revision (a branch or a commit) with its configuration, or None."""
    model = hub_cache() / f"models--{repository.replace('/', '--')}"
    ref = model / "refs" / revision
    commit = ref.read_text().strip() if ref.is_file() else revision
    folder = model / "snapshots" / commit
    return folder if (folder / "config.json").is_file() else None
