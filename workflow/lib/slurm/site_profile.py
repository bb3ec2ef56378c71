"""The profile of a site: a copy of profiles/slurm that git ignores, with the values of its cluster."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.config import configuration, yaml_keys
from lib.graph import place

SHIPPED = "profiles/slurm/config.yaml"
COPY = "your own profile, a copy of profiles/slurm (docs/cluster.md)"


def name(arguments: Sequence[str]) -> str:
    """Return the profile whose values are to be corrected: that of the command, or a copy of one that is shipped."""
    given = yaml_keys.profiles(arguments)
    return COPY if not given or is_shipped(given[-1]) else str(given[-1])


def is_shipped(profile: Path) -> bool:
    """Whether a profile is one of the project's own, which users leave as they are."""
    shipped = place.PROJECT / SHIPPED
    return profile.resolve() in (shipped, shipped.parent.with_name("slurm-venv") / shipped.name)


def problems(arguments: Sequence[str]) -> list[str]:
    """Return a sentence if the copy lacks rules that profiles/slurm gives resources, such as one that is new.

    Without an entry there, a GPU job would be sent to the CPU partition.
    """
    sentences = []
    shipped = resources(place.PROJECT / SHIPPED)
    for profile in yaml_keys.profiles(arguments):
        own = {} if is_shipped(profile) else resources(profile)
        if own and (gone := [rule for rule in shipped if rule not in own]):
            sentences.append(f"{profile} lacks the set-resources of {', '.join(gone)}: copy them from {SHIPPED}.")
    return sentences


def resources(profile: Path) -> Mapping[str, Any]:
    """Return a profile's `set-resources` by rule; {} if there are none, or the file is a template."""
    try:
        return dict(configuration.read(profile).get("set-resources") or {})
    except configuration.ConfigError:
        return {}
