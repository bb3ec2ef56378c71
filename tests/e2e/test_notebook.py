"""The cells of docs/notebook.md run as they stand, on the toy shop in place of the demo's data."""

import json
import re
import subprocess
import sys
from pathlib import Path

from places import ROOT
from toy_project import Finished


def test_the_cells_run(finished: Finished, tmp_path: Path) -> None:
    """Ranks of four rows, four texts, a SASRec of two epochs and an adapter of one are made."""
    cells = re.findall(r"```python\n(.*?)```", (ROOT / "docs/notebook.md").read_text(), re.DOTALL)
    assert len(cells) == 7
    text = "\n".join(cells).replace("results/demo/ml100k", str(finished.project.toys))
    program = text.replace('sys.path.insert(0, "scripts")', f"sys.path.insert(0, {str(ROOT / 'scripts')!r})")
    ended = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    metrics, taus, texts, ranks = ended.stdout.splitlines()
    assert "H@5" in metrics
    assert json.loads(taus) == [1.0, 0.6065306597126334, 0.4723665527410147]  # 1, exp(-1/2), exp(-3/4)
    assert texts.count(", ") >= 3
    assert len(ranks.strip("[]").split()) == 4
    logs = [(tmp_path / name).read_text().splitlines() for name in ("sasrec.jsonl", "sft.jsonl")]
    assert [len(log) for log in logs] == [3, 2]  # epochs and a summary
    assert (tmp_path / "adapter/adapter_model.safetensors").stat().st_size > 0
