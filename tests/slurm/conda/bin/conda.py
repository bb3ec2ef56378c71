"""A test double of the few conda calls that Snakemake 9.27 makes; `conda`, beside this file, starts it.

rattler solves and links, pip installs the `pip:` section. What it shows: that the environment files parse, that every
rule names one, that Snakemake makes, activates and keeps them, that pip can install what they pin, and that an edit
reruns the rules of that file alone. What it does not show: that conda-forge can solve them.

LAB_CONDA_CHANNEL names the channel (`make_channel.py`); environments and packages go to LAB_CONDA_PREFIX.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PREFIX = Path(os.environ["LAB_CONDA_PREFIX"])
VERSION = "26.9.0"


def option(arguments: list[str], name: str) -> str:
    """The value that follows an option."""
    return arguments[arguments.index(name) + 1]


async def link(prefix: str, specs: list[str]) -> None:
    """Solve for the channel's packages and link them into an environment."""
    import rattler

    records = await rattler.solve(
        sources=[os.environ["LAB_CONDA_CHANNEL"]],
        specs=specs,
        platforms=["linux-64", "noarch"],
        virtual_packages=rattler.VirtualPackage.detect(),
    )
    await rattler.install(records=records, target_prefix=prefix, cache_dir=PREFIX / "pkgs", show_progress=False)
    (Path(prefix) / "conda-meta").mkdir(exist_ok=True)


def create(file: Path, prefix: str) -> None:
    """`conda env create`: the listed packages, then the `pip:` section, with the file's folder as working directory."""
    import yaml

    listed = yaml.safe_load(file.read_text())["dependencies"]
    asyncio.run(link(prefix, [spec for spec in listed if isinstance(spec, str)]))
    for wanted in (part["pip"] for part in listed if isinstance(part, dict)):
        pip = [f"{prefix}/bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check", *wanted]
        subprocess.run(pip, check=True, cwd=file.parent)


def main(arguments: list[str]) -> None:
    """Answer one call."""
    if arguments == ["--version"]:
        print(f"conda {VERSION}")
    elif arguments[:2] == ["info", "--json"]:
        (PREFIX / "bin").mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "activate", PREFIX / "bin")
        facts = {"conda_prefix": str(PREFIX), "root_prefix": str(PREFIX), "platform": "linux-64"}
        print(json.dumps({**facts, "conda_version": VERSION}))
    elif arguments[:2] == ["config", "--get"]:
        print(json.dumps({"get": {"channel_priority": "strict"}}))
    elif arguments[:2] == ["env", "create"]:
        create(Path(option(arguments, "--file")), option(arguments, "--prefix"))
    elif arguments[:1] != ["clean"]:
        raise SystemExit(f"the test double of conda does not know this call: {' '.join(arguments)}")


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # all is written; threads of py-rattler may outlive the interpreter, and crash it while it ends
