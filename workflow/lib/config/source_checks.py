"""Rules between keys of the configuration that say where files come from, which a JSON Schema cannot say."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lib.config.messages import value_text
from lib.graph import sources

Config = Mapping[str, Any]
BAD_PATH = re.compile(r"^-|[\x00-\x1f\x7f{}<>\ud800-\udfff]")  # {...} and <...> are filled in, -... is an option
NEEDED = ("user", "item", "timestamp", "title")  # columns of the format `columns`
# Keys of a language model that say nothing about its files.
ABOUT_SOURCE = ("precision", "kernels", "gated", "chat_template", "hidden", "layers")


def folders(config: Config) -> Iterator[str]:
    """Folders and files of the user's own have names that Snakemake can carry."""
    named = {f"llms.{name}.folder": llm["folder"] for name, llm in config["llms"].items() if llm["kind"] == "path"}
    for name, dataset in config["datasets"].items():
        if (source := dataset["source"])["kind"] == "files":
            given = [key for key in ("folder", "ratings", "metadata") if key in source]
            named |= {f"datasets.{name}.source.{key}": source[key] for key in given}
    for key, path in named.items():
        if BAD_PATH.search(path) or not path.strip():
            what = "a path without braces, angle brackets or control characters, and no dash in front"
            yield f"{key} is {path!r}; it must be {what}: rename what it names, or begin with ./"


def two_files(config: Config) -> Iterator[str]:
    """Ratings and metadata are two files, and keep their two names where they are put."""
    for name, dataset in config["datasets"].items():
        source = dataset["source"]
        files = sources.raw_files(source)
        if files["ratings"] == files.get("metadata"):
            key = f"datasets.{name}.source{'.members' if source['kind'] == 'wheel' else ''}"
            yield f"{key}.ratings and metadata are both {files['ratings']!r}; name two files"


def sums(config: Config) -> Iterator[str]:
    """Where files are held against their sums, each has one."""
    for name, dataset in config["datasets"].items():
        source, key = dataset["source"], f"datasets.{name}.source"
        if source["kind"] != "amazon2023" or source.get("checksum", config["amazon2023"]["checksum"]) != "expected":
            continue
        stated = f"{key}.checksum" if "checksum" in source else "amazon2023.checksum"
        for role in ("ratings", "metadata"):
            if source[role]["sha256"] is None:
                what = f"{key}.{role}.sha256 is null, and {stated} is 'expected'"
                yield f"{what}; give the sum, or set {key}.checksum to 'record'"


def own_columns(config: Config) -> Iterator[str]:
    """Formats that name columns have all that they need, and others name none."""
    for name, dataset in config["datasets"].items():
        if (source := dataset["source"])["kind"] == "files":
            yield from column_problems(f"datasets.{name}.source", source)


def column_problems(key: str, source: Config) -> Iterator[str]:
    """Yield the problems of the keys columns, timestamps and metadata of one source."""
    form, named = source["format"], source.get("columns", {})
    if form == "columns":
        for role in NEEDED:
            if role not in named:
                yield f"{key}.columns.{role} is missing; name the column of the {role}"
        if "timestamps" not in source:
            yield f"{key}.timestamps is missing; it must be 's', 'ms', 'date' or 'order', the unit of times"
    else:
        if "metadata" not in source:
            yield f"{key}.metadata is missing; name the file of titles, which format {form!r} has apart"
        for unread in ("timestamps",) if form == "recbole" else ("columns", "timestamps"):
            if unread in source:
                yield f"{key}.{unread} is {value_text(source[unread])}, which format {form!r} does not read; remove it"
    if "metadata_item" in named and "metadata" not in source:
        yield f"{key}.columns.metadata_item is {named['metadata_item']!r}, but there is no metadata; remove it"
    first: dict[str, str] = {}
    for role, column in named.items():
        if role != "metadata_item" and (other := first.setdefault(column, role)) != role:
            yield f"{key}.columns.{role} is {column!r}, and so is {other}; name two columns"


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


CHECKS = (folders, two_files, own_columns, sums, addresses, shared_datasets, shared_llms)
