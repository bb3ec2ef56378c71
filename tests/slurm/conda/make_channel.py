"""Write a `file://` conda channel with two real packages, for the test double `bin/conda`: `make_channel.py FOLDER`.

`python` links to this machine's own interpreter, as a virtual environment does; `pip` is the one that Python bundles.
That is enough for environments of `python`, `pip` and a `pip:` section. Needs py-rattler.
"""

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import rattler.index

BASE = Path(sys.base_prefix)
VERSION = ".".join(map(str, sys.version_info[:3]))
SHORT = ".".join(map(str, sys.version_info[:2]))
LIBRARY = f"lib/python{SHORT}/site-packages"


def write_package(
    channel: Path, name: str, version: str, depends: list[str], files: dict[str, bytes], links: dict[str, str]
) -> None:
    """Write `NAME-VERSION-lab_0.tar.bz2`: files by relative path, symbolic links by relative path and target."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        paths = [written(root, path, content) for path, content in files.items()]
        paths += [linked(root, path, target) for path, target in links.items()]
        index = {"name": name, "version": version, "build": "lab_0", "build_number": 0, "depends": depends}
        index |= {"arch": "x86_64", "platform": "linux", "subdir": "linux-64", "timestamp": int(time.time() * 1000)}
        info = root / "info"
        info.mkdir()
        (info / "index.json").write_text(json.dumps(index))
        listed = sorted(paths, key=lambda entry: str(entry["_path"]))
        (info / "paths.json").write_text(json.dumps({"paths": listed, "paths_version": 1}))
        with tarfile.open(channel / "linux-64" / f"{name}-{version}-lab_0.tar.bz2", "w:bz2") as archive:
            for path in sorted(root.rglob("*")):
                if path.is_symlink() or path.is_file():
                    archive.add(path, arcname=str(path.relative_to(root)), recursive=False)


def written(root: Path, path: str, content: bytes) -> dict[str, object]:
    """Write a file, and describe it as conda does."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return {"_path": path, "path_type": "hardlink", "sha256": sha256, "size_in_bytes": len(content)}


def linked(root: Path, path: str, target: str) -> dict[str, object]:
    """Make a symbolic link, and describe it as conda does."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).symlink_to(target)
    return {"_path": path, "path_type": "softlink", "sha256": hashlib.sha256(b"").hexdigest(), "size_in_bytes": 0}


def write_python(channel: Path) -> None:
    """The interpreter of this machine, in the manner of `venv`."""
    settings = {
        "home": BASE / "bin",
        "include-system-site-packages": "false",
        "version": VERSION,
        "executable": BASE / "bin" / f"python{SHORT}",
    }
    text = "".join(f"{key} = {value}\n" for key, value in settings.items())
    program = f"bin/python{SHORT}"
    links = {program: str(BASE / program), "bin/python3": f"python{SHORT}", "bin/python": f"python{SHORT}"}
    write_package(channel, "python", VERSION, [], {"pyvenv.cfg": text.encode(), f"{LIBRARY}/.keep": b""}, links)


def write_pip(channel: Path) -> None:
    """The pip that Python bundles, taken out of a fresh virtual environment."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", f"{folder}/e"], check=True)
        library = Path(folder, "e", LIBRARY)
        version = next(library.glob("pip-*.dist-info")).name.split("-")[1].removesuffix(".dist")
        files = {
            f"{LIBRARY}/{path.relative_to(library)}": path.read_bytes()
            for part in sorted(library.glob("pip*"))
            for path in sorted(part.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }
        write_package(channel, "pip", version, [f"python >={SHORT},<{SHORT}.999"], files, {})


def main(channel: Path) -> None:
    """Write both packages and the channel's index."""
    shutil.rmtree(channel, ignore_errors=True)
    for platform in ("linux-64", "noarch"):
        (channel / platform).mkdir(parents=True)
    write_python(channel)
    write_pip(channel)
    asyncio.run(rattler.index.index_fs(channel))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    sys.stdout.flush()
    os._exit(0)  # all is written; threads of py-rattler may outlive the interpreter, and crash it while it ends
