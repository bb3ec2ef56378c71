"""Rules between keys of the configuration that say where files come from, which a JSON Schema cannot say."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lib.graph import sources

Config = Mapping[str, Any]
BAD_PATH = re.compile(r"^-|[\x00-\x1f\x7f{}<>\ud800-\udfff]")  # {...} and <...> are filled in, -... is an option
# Keys of a language model that say nothing about its files.
ABOUT_SOURCE = ("precision", "kernels", "gated", "chat_template", "hidden", "layers")


def folders(config: Config) -> Iterator[str]:
    """Folders and files of the user's own have names that Snakemake can carry."""
    named = {f"llms.{name}.folder": llm["folder"] for name, llm in config["llms"].items() if llm["kind"] == "path"}
    for name, dataset in config["datasets"].items():
        if (source := dataset["source"])["kind"] == "files":
            named |= {f"datasets.{name}.source.{key}": source[key] for key in ("folder", "ratings", "metadata")}
    for key, path in named.items():
        if BAD_PATH.search(path) or not path.strip():
            what = "a path without braces, angle brackets or control characters, and no dash in front"
            yield f"{key} is {path!r}; it must be {what}: rename what it names, or begin with ./"


def two_files(config: Config) -> Iterator[str]:
    """Ratings and metadata are two files, and keep their two names where they are put."""
    for name, dataset in config["datasets"].items():
        source = dataset["source"]
        files = sources.raw_files(source)
        if files["ratings"] == files["metadata"]:
            key = f"datasets.{name}.source{'.members' if source['kind'] == 'wheel' else ''}"
            yield f"{key}.ratings and metadata are both {files['ratings']!r}; name two files"


def sums(config: Config) -> Iterator[str]:
    """Where files are held against their sums, each has one."""
    if config["amazon2023"]["checksum"] != "expected":
        return
    for name, dataset in config["datasets"].items():
        if (source := dataset["source"])["kind"] == "amazon2023":
            for role in ("ratings", "metadata"):
                if source[role]["sha256"] is None:
                    what = f"datasets.{name}.source.{role}.sha256 is null, and amazon2023.checksum is 'expected'"
                    yield f"{what}; give the sum, or let checksum be 'record'"


def addresses(config: Config) -> Iterator[str]:
    """The publisher's site is asked by https unless a key allows more, at a port that there is."""
    site = config["amazon2023"]
    if site["transport"] != "site":
        return
    url = site["base_url"]
    if url.startswith("http://") and not site["allow_http"]:
        yield f"amazon2023.base_url is {url!r}, which is not https; correct it, or set amazon2023.allow_http to true"
    if (port := re.search(r":(\d+)(/|$)", url)) and not 0 < int(port[1]) < 2**16:
        yield f"amazon2023.base_url is {url!r}; its port must be from 1 to 65535"


def shared_datasets(config: Config) -> Iterator[str]:
    """Data sets that share raw files fetch them once, so they must agree on what these are."""
    found = {name: dataset["source"] for name, dataset in config["datasets"].items()}
    for name, other in disagreeing(found, lambda source: set(sources.raw_files(source).values())):
        yield f"datasets.{name}.source differs from that of {other} in more than its files; make them equal"


def shared_llms(config: Config) -> Iterator[str]:
    """Language models that share a folder are fetched once, so they must agree on what is in it."""
    found = {
        name: {key: value for key, value in llm.items() if key not in ABOUT_SOURCE}
        for name, llm in config["llms"].items()
        if llm["kind"] in ("wheel", "hub")
    }
    for name, other in disagreeing(found, lambda llm: {sources.llm_folder(llm)}):
        yield f"llms.{name} differs from {other} in more than its folder; make them equal"


def disagreeing(found: Mapping[str, Config], files: Callable[[Config], set[str]]) -> Iterator[tuple[str, str]]:
    """Pairs of names whose values have a file in common and are not equal."""
    names = list(found)
    for i, name in enumerate(names):
        for other in names[:i]:
            if files(found[name]) & files(found[other]) and found[name] != found[other]:
                yield name, other


CHECKS = (folders, two_files, sums, addresses, shared_datasets, shared_llms)
