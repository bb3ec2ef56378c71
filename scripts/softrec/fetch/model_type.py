"""A check of a hub model's architecture by its config.json, before its weights are downloaded.

It is apart from `hub`, of which downloads of data sets depend as well.
"""

import json
from pathlib import Path

from common import model_types
from common.errors import SoftrecError
from common.hub_commits import Pin
from softrec.fetch import download
from softrec.fetch.hub import HubLlmSettings, problems_of
from softrec.fetch.hub_session import https_alone

CONFIG = "config.json"


def require_tested(settings: HubLlmSettings) -> None:
    """Raise `SoftrecError` if a repository's config.json names an architecture that is not tested.

    A missing or broken file is reported by `hub.fetch_llm`.
    """
    from huggingface_hub import snapshot_download

    revision = Pin(settings.commits, settings.repository, settings.revision).revision()
    with https_alone(settings.allow_http, settings.inflated_gib), problems_of(settings.repository, revision):
        folder = snapshot_download(
            settings.repository, revision=revision, allow_patterns=[CONFIG], local_files_only=download.offline()
        )
    try:
        said = json.loads((Path(folder) / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return
    if isinstance(said, dict) and "model_type" in said and (what := model_types.problem(said)):
        raise SoftrecError(f"{CONFIG} of {settings.repository} {what}", where=CONFIG, remedy=model_types.REMEDY)
