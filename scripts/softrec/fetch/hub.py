"""Downloads from the Hugging Face hub: one file of a data set, or the folder of a language model.

A branch is resolved to a commit, which is recorded in the manifest. With HF_HUB_OFFLINE only the hub's cache (HF_HOME)
is used.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from common import files
from common.errors import SoftrecError
from common.hub_commits import Pin
from common.log import info
from softrec.fetch import download
from softrec.fetch.hub_session import https_alone

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")
LLM_FILES = (
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "generation_config.json",
    *TOKENIZER_FILES,
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "merges.txt",
    "chat_template.jinja",
    "LICENSE*",
)


@dataclass(frozen=True)
class HubLlmSettings:
    """A language model on the hub.

    Attributes:
        repository: `owner/name`.
        revision: a branch, tag or commit.
        inflated_gib: maximum size of one file in GiB.
        commits: folder that keeps the commits of branches, or null.
        allow_http: whether a hub address may be http.
    """

    repository: str
    revision: str
    inflated_gib: float
    commits: str | None = None
    allow_http: bool = False


def fetch_llm(settings: HubLlmSettings, folder: Path) -> str:
    """Make `folder` a transformers folder of safetensors, configuration and tokeniser; return the commit.

    Files in subfolders (other formats of the same weights) are skipped. Files that an earlier failed attempt completed
    are not downloaded again. Raises `SoftrecError` for a repository that is gated, unknown or without safetensors, and
    for a file with a wrong checksum.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    pin = Pin(settings.commits, settings.repository, settings.revision)
    most = settings.inflated_gib
    with https_alone(settings.allow_http, most), problems_of(settings.repository, pin.revision()):
        snapshot = Path(
            snapshot_download(
                settings.repository,
                revision=pin.revision(),
                allow_patterns=list(LLM_FILES),
                ignore_patterns=["*/*", "consolidated*"],
                local_files_only=download.offline(),
            )
        )
    names = sorted(path.name for path in snapshot.iterdir() if path.is_file())
    require_llm_files(names, settings.repository)
    for name in names:
        require_content((snapshot / name).resolve(), f"{name} of {settings.repository}")
    folder.mkdir()
    for name in names:
        download.link_or_copy(snapshot / name, folder / name)
    pin.keep(snapshot.name)
    info(f"{settings.repository}@{snapshot.name}: {', '.join(names)}")
    return snapshot.name


def require_content(blob: Path, what: str) -> None:
    """Raise `SoftrecError` unless a file in the cache has the checksum in its name: sha256, or git's sha1."""
    if re.fullmatch("[0-9a-f]{64}", blob.name):
        found = files.sha256(blob)
    elif re.fullmatch("[0-9a-f]{40}", blob.name):
        content = blob.read_bytes()
        found = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    else:
        return  # a cache without symbolic links does not use checksums as names
    if found != blob.name:
        remedy = "remove the file, then run the same command again"
        raise SoftrecError(
            f"{what} differs from the hub's checksum", where=f"{blob}: its sum is {found}", remedy=remedy
        )


def require_llm_files(names: list[str], repository: str) -> None:
    """Raise `SoftrecError` if weights, configuration or tokeniser are not among the files."""
    missing = [] if "config.json" in names else ["config.json"]
    if not any(name.endswith(".safetensors") for name in names):
        missing.append("*.safetensors")
    if not set(names) & set(TOKENIZER_FILES):
        missing.append(f"a tokenizer ({' or '.join(TOKENIZER_FILES)})")
    if missing:
        raise SoftrecError(
            f"{repository} has no {', no '.join(missing)}",
            where=f"found: {', '.join(names) or 'nothing'}",
            remedy="name a repository, or a revision, that holds a transformers model as safetensors",
        )


@dataclass(frozen=True)
class HubFile:
    """One file of a data set: its address, its commit, and the sha256 that the hub states (only for large files)."""

    url: str
    commit: str
    sha256: str | None


def locate(repository: str, path: str, revision: str, allow_http: bool = False) -> HubFile:
    """Look up one file of the data set `repository`. Raises `SoftrecError` if the hub or the file is not available."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    download.require_network(f"{path} of {repository}")
    with https_alone(allow_http), problems_of(repository, revision, path):
        url = hf_hub_url(repository, path, repo_type="dataset", revision=revision)
        facts = get_hf_file_metadata(url)
        commit = facts.commit_hash or revision
        etag = facts.etag or ""
    url = hf_hub_url(repository, path, repo_type="dataset", revision=commit)
    return HubFile(url, commit, etag if len(etag) == 64 else None)


def cached(repository: str, path: str, revision: str) -> tuple[Path, str] | None:
    """Return the file and its commit from the local cache of the hub, or None."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, path, repo_type="dataset", revision=revision)
    if not isinstance(found, str):
        return None
    depth = len(Path(path).parts)
    return Path(found), Path(found).parents[depth - 1].name


@contextmanager
def problems_of(repository: str, revision: str, path: str | None = None) -> Iterator[None]:
    """Turn exceptions of huggingface_hub into a `SoftrecError` with a remedy."""
    from huggingface_hub import errors

    name = f"{repository}@{revision}"
    try:
        yield
    except errors.GatedRepoError as error:
        raise SoftrecError(
            f"{repository} is gated, and this machine has no token with access",
            where=f"revision {revision}",
            remedy=f"accept the licence at https://huggingface.co/{repository}, then `hf auth login` or set HF_TOKEN",
        ) from error
    except errors.RepositoryNotFoundError as error:
        remedy = "correct `repository`; if it is private, `hf auth login` or set HF_TOKEN"
        raise SoftrecError(f"the hub has no repository {repository} that you may see", remedy=remedy) from error
    except errors.RevisionNotFoundError as error:
        remedy = "correct `revision`: a branch, a tag or a commit"
        raise SoftrecError(f"{repository} has no revision {revision!r}", remedy=remedy) from error
    except errors.LocalEntryNotFoundError as error:
        raise missing_locally(name, error) from error
    except errors.EntryNotFoundError as error:
        raise SoftrecError(f"{name} has no file {path}", remedy="correct `path` or `revision`") from error
    except errors.HFValidationError as error:
        raise SoftrecError(f"the name is not valid: {error}", remedy="correct `repository` or `revision`") from error
    except SoftrecError:
        raise
    except (errors.HTTPError, ValueError, RuntimeError, OSError) as error:  # errors of httpx, invalid JSON, wrong size
        first = (str(error) or type(error).__name__).splitlines()[0]
        remedy = "run the same command again when the network and the hub are up"
        raise SoftrecError(f"the hub did not deliver {name}: {first}", remedy=remedy) from error


def missing_locally(name: str, error: Exception) -> SoftrecError:
    """Build the error for a file that is neither in the cache nor available from the hub."""
    if download.offline():
        return SoftrecError(
            f"HF_HUB_OFFLINE is set, and the hub's cache on this machine does not have {name}",
            where="HF_HOME, or ~/.cache/huggingface",
            remedy="fetch it where there is a network, with HF_HUB_OFFLINE unset; no later rule needs one",
        )
    cause = error.__cause__ or error
    return SoftrecError(
        f"the hub could not be reached for {name}: {(str(cause) or type(cause).__name__).splitlines()[0]}",
        remedy="run the same command again when the network is up",
    )
