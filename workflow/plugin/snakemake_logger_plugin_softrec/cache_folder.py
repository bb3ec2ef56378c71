"""A readable error if Snakemake's cache folder for sources, below HOME, cannot be created."""

import functools
from pathlib import Path
from typing import Any


def attach() -> None:
    """Patch Snakemake to exit with a sentence and status 1 if its source cache cannot be created."""
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
