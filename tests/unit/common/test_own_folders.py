"""Folders of people's own where a job is to write one."""

from pathlib import Path

import pytest

from common import files
from common.errors import SoftrecError


@pytest.mark.parametrize("text", ["{}", "mine", '{"outputs": {"other": "0"}}', '{"outputs": 5}'])
def test_a_folder_beside_a_file_that_is_called_like_a_manifest_stays(tmp_path: Path, text: str) -> None:
    """It names the folder as no job's output."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a").write_text("mine")
    (tmp_path / "out.manifest.json").write_text(text)
    with pytest.raises(SoftrecError, match="no job has written"), files.atomic_write(tmp_path / "out") as partial:
        partial.mkdir()
    assert (tmp_path / "out/a").read_text() == "mine"
