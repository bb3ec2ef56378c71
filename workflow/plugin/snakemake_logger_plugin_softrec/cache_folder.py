"""The folder below HOME in which Snakemake keeps copies of sources: said in a sentence where it cannot be made."""

import functools
from pathlib import Path
from typing import Any


def attach() -> None:
    """Let Snakemake end with a sentence, and status 1, where its cache of sources cannot be made."""
    from snakemake.sourcecache import SourceCache

    made = SourceCache.__init__

    @functools.wraps(made)
    def __init__(self: Any, cache_path: Path, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        try:
            made(self, cache_path, *args, **kwargs)
        except OSError as error:
            raise SystemExit(
                f"Snakemake keeps files in {cache_path}, below HOME, which cannot be made "
                f"({error.filename}: {error.strerror}): set XDG_CACHE_HOME to a folder that can be written to, or "
                "mend HOME."
            ) from None

    SourceCache.__init__ = __init__
