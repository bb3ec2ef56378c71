"""The lock has every version that the constraints pin."""

import re

from places import ROOT


def pins(name: str) -> dict[str, str]:
    """Versions by package, with names as the package index writes them."""
    lines = (ROOT / "envs" / name).read_text().splitlines()
    found = [re.match(r"([\w.-]+)==([\w.+!-]+)$", line.split("#")[0].strip()) for line in lines]
    return {re.sub(r"[-_.]+", "-", pin[1]).lower(): pin[2] for pin in found if pin}


def test_the_lock_has_what_constraints_pin() -> None:
    """`make lock` writes it from the environment; packages of the benchmark alone are not in that."""
    pinned, locked = pins("constraints.txt"), pins("lock.txt")
    assert len(locked) > 2 * len(pinned) > 40
    assert {name: locked.get(name) for name in pinned if name not in ("trl", "pandas")} == {
        name: version for name, version in pinned.items() if name not in ("trl", "pandas")
    }
