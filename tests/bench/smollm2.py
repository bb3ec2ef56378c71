"""The language model of the steps that need a real one: SmolLM2-135M, as `config/evidence.yaml` names it."""

import subprocess
import sys
from pathlib import Path

from harness import ROOT

sys.path.append(str(ROOT / "workflow"))

from lib.config import loading
from lib.graph.code_digest import code_digest
from lib.graph.sources import llm_folder
from lib.slices import Slices

NAME = "smollm2"


def folder() -> Path:
    """The folder of safetensors and tokenizer below results/raw; the project's own script fetches it if it is absent.

    The script gets what the workflow's rule would give it, so that a run that needs the model takes it as it is.
    """
    config = loading.load(ROOT / "config/evidence.yaml")
    place = llm_folder(config["llms"][NAME])
    if not (ROOT / place).is_dir():
        given = ["--settings", Slices(config).wheel_llm(NAME), "--code", code_digest("fetch_wheel_llm")]
        (ROOT / place).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "scripts/fetch_wheel_llm.py", *given, "--llm", place], check=True, cwd=ROOT)
    return ROOT / place
