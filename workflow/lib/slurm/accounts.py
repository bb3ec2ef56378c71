"""Check of the Slurm account before anything is submitted, in the same way as Snakemake's Slurm plugin checks it.

The plugin uses sacctmgr, then sshare, to check that an account is the user's, and guesses one with sacct if none is
given. If its check fails, the run waits for ever: the error is lost in the thread that submits.
"""

import getpass
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Which = Callable[[str], str | None]
KEY = "slurm_account in profiles/slurm/config.yaml"
LISTS = (
    ("sacctmgr", "-n", "-s", "list", "user", "{user}", "format=account%256"),
    ("sshare", "-U", "--format", "Account%256", "--noheader"),
)


def problems(given: Iterable[str], run: Run = subprocess.run, which: Which = shutil.which) -> list[str]:
    """Return a sentence for each of the `given` accounts that is not the user's, or for a missing program.

    `given` are the values of `slurm_account`, each of which may name several accounts; "" where a job has none.
    """
    values = set(given)
    wanted = sorted({name for value in values for name in re.split(r"[,\s]+", value) if name})
    if "" in values and which("sacct") is None:
        return [f"sacct, with which an account is found where none is given, is not on this machine: set {KEY}."]
    if not wanted:
        return []
    if which("sacctmgr") is None:
        return [
            f"sacctmgr, which lists your accounts, is not on this machine, and {KEY} names {', '.join(wanted)}: start "
            "this on a login node, or set no account if the cluster keeps none."
        ]
    known = listed(run)
    if not known:
        return []
    yours = ", ".join(sorted(known))
    return [
        f"account {name!r} is not yours; yours are {yours}: correct {KEY}."
        for name in wanted
        if name.lower() not in known
    ]


def listed(run: Run) -> set[str]:
    """Return the user's accounts, in lower case as the plugin compares them; empty if the cluster lists none."""
    for command in LISTS:
        try:
            words = [part.format(user=getpass.getuser()) for part in command]
            ended = run(words, capture_output=True, text=True, errors="replace", timeout=60)
        except (OSError, KeyError, subprocess.TimeoutExpired):  # KeyError: a user without a name
            continue
        if ended.returncode == 0 and (found := {name.lower() for name in ended.stdout.split()}):
            return found
    return set()
