"""The profile of a site: a copy of profiles/slurm that git ignores, with the values of its cluster."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.config import configuration, yaml_keys
from lib.graph import place

SHIPPED = "profiles/slurm/config.yaml"
COPY = "your own profile, a copy of profiles/slurm (docs/cluster.md)"
# Resources that Snakemake or its Slurm plugin knows; a profile may use others.
RESOURCES = (
    "clusters", "constraint", "cpus_per_gpu", "cpus_per_task", "disk", "disk_mb", "gpu", "gpu_model", "gres", "mem",
    "mem_mb", "mem_mb_per_cpu", "mpi", "nodes", "qos", "runtime", "slurm_account", "slurm_cluster", "slurm_extra",
    "slurm_partition", "tasks", "tasks_per_gpu", "tasks_per_node", "threads", "tmpdir",
)  # fmt: skip
NEAR = 0.8  # likeness from which a name is a misspelt one, not one of a site's own


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


def misspelt(arguments: Sequence[str], rules: Collection[str]) -> list[str]:
    """Return a sentence for each rule or resource of a profile that is not there but is spelt almost like one that is.

    Snakemake ignores such a rule, and asks for nothing by such a resource. Rules that fetch are named by data sets,
    which another configuration may have.
    """
    found = []
    for profile in yaml_keys.profiles(arguments):
        given = resources(profile)
        asked = [section(profile, "default-resources"), *given.values()]
        for what, names, known in (
            ("rule", [*given, *section(profile, "set-threads")], rules),
            ("resource", [name for own in asked for name in own], RESOURCES),
        ):
            for name in dict.fromkeys(names):
                near = difflib.get_close_matches(name, list(known), n=1, cutoff=NEAR)
                if name not in known and near and not name.startswith("fetch_"):
                    found.append(f"{profile} has the {what} {name!r}, which is not there: did you mean {near[0]!r}?")
    return found


def resources(profile: Path) -> Mapping[str, Any]:
    """Return a profile's `set-resources` by rule; {} if there are none, or the file is a template."""
    return section(profile, "set-resources")


def section(profile: Path, key: str) -> Mapping[str, Any]:
    """Return a mapping of a profile; {} if it has none, or the file is a template."""
    try:
        found = configuration.read(profile).get(key)
    except configuration.ConfigError:
        return {}
    return found if isinstance(found, Mapping) else {}
