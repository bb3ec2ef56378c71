"""The manifest of a run: versions as installed, hashes as computed, and no git where there is none."""

import hashlib
import json
from pathlib import Path

import pytest
from softrec import manifest


def test_versions_are_of_the_named_packages(tmp_path: Path) -> None:
    """Comments and bounds are no part of a name; a package that is not installed is absent."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("numpy>=2  # arrays\n\n# nothing\nno-such-package==1\n")
    import numpy as np

    found = manifest.versions(requirements)
    assert found["numpy"] == np.__version__
    assert found["no-such-package"] == "absent"
    assert set(found) == {"python", "numpy", "no-such-package"}


def test_files_and_configuration_are_hashed(tmp_path: Path) -> None:
    """The sha256 of the table's bytes, and of the configuration as sorted JSON, whatever the order of its keys."""
    (tmp_path / "table.csv").write_text("a,b\n")
    (tmp_path / "requirements.txt").write_text("numpy\n")
    config = {"seeds": [1], "run": "demo"}
    made = manifest.run_manifest(config, [tmp_path / "table.csv"], [], tmp_path / "requirements.txt")
    assert made["results"] == {str(tmp_path / "table.csv"): hashlib.sha256(b"a,b\n").hexdigest()}
    text = json.dumps({"run": "demo", "seeds": [1]})
    assert made["configuration_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert made["hardware"]["cores"] >= 1


def test_without_git_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither clean nor changed: nobody can say."""
    monkeypatch.setattr(manifest.shutil, "which", lambda name: None)
    assert manifest.commit() == {"commit": None, "changed": None}
