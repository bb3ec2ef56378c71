"""Accounts of Slurm, looked up before anything is submitted."""

import subprocess
from collections.abc import Sequence
from typing import Any

import pytest

from lib.slurm import accounts


def cluster(**told: str | None) -> Any:
    """Programs that print this; None is one that fails, as does one that is not named."""

    def run(command: Sequence[str], **_: Any) -> Any:
        answer = told.get(command[0])
        return subprocess.CompletedProcess(command, int(answer is None), answer or "", "no")

    return run


def there(name: str) -> str | None:
    """Every program is on this machine."""
    return f"/usr/bin/{name}"


OWN = cluster(sacctmgr="   physics\n   Astro\n")


@pytest.mark.parametrize("given", ["physics", "PHYSICS", "physics,astro", "astro physics"])
def test_accounts_of_the_user_are_not_talked_about(given: str) -> None:
    """One or several, in upper or lower case: the plugin splits and compares likewise."""
    assert accounts.problems([given], OWN, there) == []


def test_a_typo_is_a_sentence_with_what_there_is() -> None:
    """Once, however many jobs have it."""
    assert accounts.problems(["phisics", "phisics", "physics"], OWN, there) == [
        "account 'phisics' is not yours; yours are astro, physics: correct slurm_account in profiles/slurm/config.yaml."
    ]


def test_where_sacctmgr_tells_nothing_sshare_is_asked() -> None:
    """As the plugin does; where neither tells, the plugin takes the account as it is."""
    [sentence] = accounts.problems(["phisics"], cluster(sacctmgr="", sshare="physics\n"), there)
    assert "yours are physics" in sentence
    assert accounts.problems(["phisics"], cluster(sacctmgr="", sshare=""), there) == []


@pytest.mark.parametrize(("given", "missing"), [("", "sacct"), ("physics", "sacctmgr")])
def test_a_program_that_the_plugin_needs_and_the_machine_lacks_is_a_sentence(given: str, missing: str) -> None:
    """Without an account sacct guesses one, with one sacctmgr lists them: the plugin's error would be seen nowhere."""
    [sentence] = accounts.problems([given], OWN, lambda name: None if name == missing else name)
    assert sentence.startswith(f"{missing}, ")
    assert "slurm_account in profiles/slurm/config.yaml" in sentence


def test_without_jobs_nothing_is_asked() -> None:
    """Only fetches, which run on the login node, are left to do."""
    assert accounts.problems([], cluster(), lambda name: None) == []
