"""The recipes of both images: the same commands, the lock's versions, and what the Makefile does."""

import re

from places import ROOT

DOCKER = (ROOT / "containers/Dockerfile").read_text()
APPTAINER = (ROOT / "containers/softrec.def").read_text()
FOLDERS = ["config", "envs", "profiles", "scripts", "workflow"]


def section(name: str) -> list[str]:
    """The lines of a section of Apptainer's recipe, without indentation and comments."""
    text = re.split(r"^%(\w+)\n", APPTAINER, flags=re.MULTILINE)
    lines = dict(zip(text[1::2], text[2::2], strict=True))[name].splitlines()
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


def of_docker(instruction: str) -> list[str]:
    """What Docker's recipe says by an instruction, in its order."""
    return re.findall(rf"^{instruction} (.+)$", DOCKER, re.MULTILINE)


def test_both_install_the_lock_and_nothing_else() -> None:
    """The same commands in the same order; the first installs the lock."""
    install, plugin = of_docker("RUN")
    assert install.endswith(" -r envs/lock.txt")
    assert section("post")[2:] == [install, plugin]
    assert "install" not in plugin


def test_python_is_the_one_of_the_lock() -> None:
    """The head of the lock says which; both start from the same image."""
    [version] = re.findall(r"with Python ([\d.]+):", (ROOT / "envs/lock.txt").read_text().replace("\n# ", " "))
    assert of_docker("FROM") == re.findall(r"^From: (.+)$", APPTAINER, re.MULTILINE) == [f"python:{version}-slim"]


def test_the_plugin_is_found_as_after_make() -> None:
    """The Makefile writes the folder's path into softrec.pth beside the installed packages; so do the images."""
    makefile = (ROOT / "Makefile").read_text()
    path = 'import sysconfig; print(sysconfig.get_path("purelib"))'
    assert path in makefile
    assert 'echo "$(CURDIR)/workflow/plugin" > "$$folder/softrec.pth"' in makefile
    place = f"\"$(python -c '{path}')/softrec.pth\""
    assert of_docker("RUN")[1] == f"echo /opt/softrec/workflow/plugin > {place}"
    page = (ROOT / "docs/install.md").read_text()
    assert f'echo "$PWD/workflow/plugin" > {place}' in page
    assert "pip install -r envs/requirements.txt -c envs/constraints.txt\n" in page
    assert "-r envs/requirements.txt -c envs/constraints.txt" in makefile


def test_pip_is_called_as_by_make() -> None:
    """With its options, and without a cache that nobody would read."""
    options = re.search(r"^INSTALL := \S+ -m pip install (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert options
    assert of_docker("RUN")[0] == f"python -m pip install {options[1]} --no-cache-dir -r envs/lock.txt"


def test_both_have_what_a_run_needs() -> None:
    """The folders of a copy in which end-to-end tests run, and no other: results and the environment stay outside."""
    copied = [line.split() for line in of_docker("COPY")]
    assert sorted(source for source, _ in copied) == FOLDERS
    assert all(source == target for source, target in copied)
    assert sorted(section("files")) == [f"{name} /opt/softrec/{name}" for name in FOLDERS]
    needed = re.search(r"for name in \((.+?)\):", (ROOT / "tests/toy_project.py").read_text())
    assert needed
    assert sorted(re.findall(r"\w+", needed[1])) == FOLDERS
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert sorted(kept) == FOLDERS
    assert all((ROOT / name).is_dir() for name in FOLDERS)


def test_both_start_snakemake_on_the_images_workflow() -> None:
    """In the folder that is mounted: Docker's is named, Apptainer runs in the current one."""
    words = re.findall(r'"([^"]+)"', of_docker("ENTRYPOINT")[0])
    assert section("runscript") == [f'exec {" ".join(words)} "$@"']
    assert of_docker("WORKDIR") == ["/opt/softrec", "/study"]
    assert section("post")[0] == "cd /opt/softrec"


def test_torch_comes_from_the_same_index() -> None:
    """That of CPU builds, as the README gives it, unless the build names another."""
    [index] = re.findall(r"^ARG PIP_EXTRA_INDEX_URL=(\S+)$", DOCKER, re.MULTILINE)
    assert section("arguments") == [f"index={index}"]
    assert section("post")[1] == "export PIP_EXTRA_INDEX_URL={{ index }}"
    assert f"PIP_EXTRA_INDEX_URL={index} make demo" in (ROOT / "README.md").read_text()
