"""Real prompts for the steps that need them: MovieLens-100K, by the project's own rules."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from harness import ROOT

sys.path.append(str(ROOT / "workflow"))

from lib.config import loading

CONFIG = ROOT / "config/evidence.yaml"
RESULTS = ROOT / "results/evidence/ml100k"
SAMPLE, CATALOGUE = RESULTS / "samples/test.parquet", RESULTS / "catalogue.parquet"


def make() -> None:
    """Run the graph of `config/evidence.yaml` up to the test sample; seconds, and nothing if it is there."""
    target, config = SAMPLE.relative_to(ROOT), CONFIG.relative_to(ROOT)
    command = [sys.executable, "-m", "snakemake", target, "--configfile", config, "--cores", "1", "--quiet", "all"]
    subprocess.run(command, check=True, cwd=ROOT)


def recommender(folder: Path, precision: str, **generation: Any) -> Any:
    """The un-tuned language model of `folder` as BIGRec, ready to be asked; `generation` as in the configuration."""
    from softrec.decoding.generation import GenerationSettings
    from softrec.decoding.recommender import RecommenderSettings, open_recommender
    from softrec.llm.prompts import Words
    from softrec.splits import samples

    config = loading.load(CONFIG)
    settings = RecommenderSettings(
        "bigrec",
        precision,
        Words(**config["datasets"]["ml100k"]["words"]),
        config["tuning"]["max_tokens"],
        GenerationSettings(**generation),
    )
    return open_recommender(folder, samples.load_items(CATALOGUE), settings)


def prompts(found: Any, rows: int) -> list[list[int]]:
    """Token ids of the prompts of the first `rows` test rows."""
    from softrec.splits import samples

    return found.prompts(samples.load_rows(SAMPLE, found.items.count).select(range(rows)))
