"""Checks of the user's own files before the rules are read: language models and data sets in folders of their own."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from common import model_types
from lib.config.messages import suggestion
from lib.cost.sizes import weights_of
from lib.preflight import headers

PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


def problems(llms: Mapping[str, Mapping[str, Any]], datasets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each folder, file or column that the configuration names and the user's own files lack.

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
    """Check that a data set's folder has its files, and these their columns; `key` is the configuration's key."""
    folder = Path(source["folder"])
    if not folder.is_dir():
        return [f"{key}.folder is {folder}, which is no folder: correct the path."]
    there = [path.name for path in folder.iterdir() if path.is_file()]
    given = [(role, source[role]) for role in ("ratings", "metadata") if role in source]
    gone = [(role, file) for role, file in given if not (folder / file).is_file()]
    absent = [
        f"{key}.{role} is {file}, which {folder} {'has as a folder' if (folder / file).is_dir() else 'does not have'}: "
        + (suggestion(file, there) or "correct the name.")
        for role, file in gone
    ]
    return absent or list(headers.column_problems(key, source))


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
