"""A configuration file as a run gets it: checked, with all defaults."""

from pathlib import Path
from typing import Any

from lib.config import configuration, cross_checks

SCHEMA = Path(__file__).resolve().parents[2] / "schemas/config.schema.yaml"


def load(file: Path) -> dict[str, Any]:
    """Read a configuration file, fill in the defaults and check it. Raises `ConfigError` as `configuration.check`."""
    config = configuration.read(file)
    configuration.check(config, str(SCHEMA), str(file), cross_checks.problems)
    return config
