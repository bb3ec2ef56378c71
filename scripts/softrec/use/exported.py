"""Folders of adapters for use outside a run: by PEFT, or, for LLaRA, by softrec alone.

PEFT would load LLaRA's LoRA weights without its projector and item embeddings, and the model would answer, wrongly. So
LLaRA's export has no file that PEFT takes for weights, and a configuration that PEFT refuses with the reason.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import files
from common.errors import SoftrecError
from softrec.io.records import read_record

CONFIG, WEIGHTS, HISTORY = "adapter_config.json", "adapter_model.safetensors", "history.safetensors"
FACTS, CARD = "softrec.json", "README.md"
LLARA_WEIGHTS = "llara_lora.safetensors"
TASK = "CAUSAL_LM"
REFUSED = "LLaRA needs its projector and item embeddings, which PEFT does not load: see README.md"


@dataclass(frozen=True)
class Base:
    """The base model as the export names it: a repository and commit of the hub, or a folder without a revision."""

    name: str
    revision: str | None
    sha256: str


def write_weights(adapter: Path, folder: Path, base: Base, backbone: str) -> None:
    """Write an adapter's configuration and weights to `folder`, with the name and revision of its base model.

    Raises `SoftrecError` if the adapter has other files than an adapter of this backbone.
    """
    own = [WEIGHTS, HISTORY] if backbone == "llara" else [WEIGHTS]
    held = sorted(path.name for path in adapter.iterdir() if files.is_content(path))
    if held != sorted([CONFIG, *own]):
        what = f"{adapter} holds {', '.join(held) or 'nothing'}, which is not an adapter of {backbone}"
        raise SoftrecError(what, remedy=f"remove {adapter} and let Snakemake make it again")
    config = read_record(adapter / CONFIG).value
    config |= {"base_model_name_or_path": base.name, "revision": base.revision}
    if backbone == "llara":
        config["task_type"] = REFUSED
    for name in own:
        shutil.copyfile(adapter / name, folder / (LLARA_WEIGHTS if (backbone, name) == ("llara", WEIGHTS) else name))
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def write_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write what softrec needs to use the export: base model, prompts, generation, grounding."""
    (folder / FACTS).write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@contextmanager
def as_adapter(folder: Path) -> Iterator[Path]:
    """Yield the folder of an adapter that softrec can load: `folder` itself, or LLaRA's export as an adapter."""
    if not (folder / LLARA_WEIGHTS).exists():
        yield folder
        return
    with tempfile.TemporaryDirectory() as place:
        adapter = Path(place) / "adapter"
        adapter.mkdir()
        config = read_record(folder / CONFIG).value
        (adapter / CONFIG).write_text(json.dumps({**config, "task_type": TASK}), encoding="utf-8")
        for name, source in ((WEIGHTS, LLARA_WEIGHTS), (HISTORY, HISTORY)):
            if not (folder / source).is_file():
                raise SoftrecError(f"{folder} has no {source}", remedy="export the adapter again")
            (adapter / name).symlink_to((folder / source).resolve())
        yield adapter


def recommend_settings(folder: Path, k: int) -> str | None:
    """Return the settings of `recommendations.RecommendSettings` in an export; None if `folder` is not an export."""
    if not (folder / FACTS).is_file():
        return None
    facts = read_record(folder / FACTS)
    own = {name: facts.record(name).value for name in ("recommender", "grounding")}
    return json.dumps({**own, "window": facts.whole("window", least=1), "k": k}, sort_keys=True)
