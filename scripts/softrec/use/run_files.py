"""The files and settings behind a tuned model of a run, found by the manifest of its adapter."""

import difflib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from common import files
from common.errors import SoftrecError
from softrec.io.choice_file import read_choice
from softrec.io.records import Record, read_record

ADAPTER, CATALOGUE, TITLES = "adapter", "catalogue.parquet", "titles.npy"
GRIDS = ("alpha", "epsilon")  # hyperparameters of tuned models that validation chooses
SHOWN = 6  # names in a message


class ModelFiles(NamedTuple):
    """The files that a tuned model needs, and how it was tuned.

    Attributes:
        llm: folder of the base model.
        adapter: folder of the adapter.
        catalogue: the data set's items.
        titles: embeddings of their titles.
        recommender: settings of prompts and generation.
        grounding: settings of grounding.
        window: maximum number of items in a prompt's history.
    """

    llm: Path
    adapter: Path
    catalogue: Path
    titles: Path
    recommender: Mapping[str, Any]
    grounding: Mapping[str, Any]
    window: int


def dataset_folder(results: Path, run: str, dataset: str) -> Path:
    """Return the folder of a data set's results. Raises `SoftrecError` if the run or the data set is not there."""
    runs = {path.parent.parent.name for path in results.glob(f"*/*/{CATALOGUE}")}
    require_one_of(run, runs, results, "run")
    datasets = {path.parent.name for path in (results / run).glob(f"*/{CATALOGUE}")}
    require_one_of(dataset, datasets, results / run, "data set")
    return results / run / dataset


def require_one_of(name: str, known: Collection[str], folder: Path, what: str) -> None:
    """Raise `SoftrecError` unless a name is known in a folder."""
    if name not in known:
        raise SoftrecError(
            f"{folder} has no {what} {name!r}",
            where=f"the {what}s there are: {listed(sorted(known))}",
            remedy=f"give one of them, or make the {what} first",
        )


def model_folder(dataset: Path, model: str) -> Path:
    """Return the folder of a tuned model, such as `bigrec/sft/seed=1`.

    Without its candidate, such as SOFT's alpha in `bigrec/soft/seed=1`, the folder of a row with a grid is that of the
    candidate that validation has chosen.

    Raises `SoftrecError` if the model is not there, is not finished, or has no adapter.
    """
    folder = dataset / with_candidate(dataset, model.strip("/"))
    if (folder / ADAPTER).is_dir() and files.manifest_of(folder / ADAPTER).exists():
        return folder
    known = models(dataset)
    if (folder / "model.safetensors").exists():
        what = f"{model} is an ID-based recommender: it has no adapter"
    elif folder.is_dir() and folder != dataset:
        what = f"{model} has no finished adapter in {dataset}"
    else:
        what = f"{dataset} has no model {model!r}"
    near = difflib.get_close_matches(model, known, SHOWN, 0.5) or known
    raise SoftrecError(
        what, where=f"models with an adapter: {listed(near)}", remedy="give one of them, or tune it first"
    )


def with_candidate(dataset: Path, model: str) -> str:
    """Return a model's folder, with the chosen candidate if it is the folder of a row with a grid without one."""
    before, _, seed = model.rpartition("/")
    choices = [dataset / before / f"{name}.json" for name in GRIDS if (dataset / before / f"{name}.json").is_file()]
    if not seed.startswith("seed=") or not choices:
        return model
    chosen = read_choice(choices[0])
    for path in sorted((dataset / before).glob(f"{chosen.name}=*")):
        if same_number(path.name.partition("=")[2], chosen.value):
            return f"{before}/{path.name}/{seed}"
    return model


def same_number(text: str, value: float) -> bool:
    """Whether a text is this number."""
    try:
        return float(text) == value
    except ValueError:
        return False


def models(dataset: Path) -> list[str]:
    """Return the models of a data set that have a finished adapter, such as `bigrec/sft/seed=1`."""
    found = [path for path in dataset.rglob(files.manifest_of(Path(ADAPTER)).name) if path.with_name(ADAPTER).is_dir()]
    return sorted(str(path.parent.relative_to(dataset)) for path in found)


def listed(names: Sequence[str]) -> str:
    """Format names for a message."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more if names else "none"


def model_files(dataset: Path, model: str) -> ModelFiles:
    """Find the files of a tuned model. Raises `SoftrecError` if one is missing, or a manifest is not as expected."""
    adapter = model_folder(dataset, model) / ADAPTER
    made = read_record(files.manifest_of(adapter))
    tuning = tuning_settings(made)
    split = dataset / "sequences/train.parquet"
    return ModelFiles(
        llm=base_model(made),
        adapter=adapter,
        catalogue=dataset / CATALOGUE,
        titles=dataset / TITLES,
        recommender=tuning.record("recommender").value,
        grounding=tuning.record("grounding").value,
        window=read_record(existing(files.manifest_of(split))).record("settings").whole("history", least=1),
    )


def tuning_settings(made: Record) -> Record:
    """Return the settings of tuning in an adapter's manifest: those of SOFT and S-DPO are nested."""
    settings = made.record("settings")
    return settings.record("tuning") if "tuning" in settings.value else settings


def base_model(made: Record) -> Path:
    """Return the folder of the base model among the inputs in an adapter's manifest."""
    for name in made.record("inputs").value:
        if (Path(name) / "config.json").is_file():
            return Path(name)
    raise SoftrecError(
        f"the base model of {made.path} is not there any more",
        where=f"it was among {listed(list(made.record('inputs').value))}",
        remedy="run softrec in the folder in which the adapter was made, or fetch the base model again",
    )


def existing(path: Path) -> Path:
    """Return a path. Raises `SoftrecError` if nothing is there."""
    if not path.exists():
        raise SoftrecError(f"{path} does not exist", remedy="correct the path, or run the rule that makes it")
    return path


def as_settings(found: ModelFiles, k: int) -> str:
    """Return the settings of `recommendations.RecommendSettings` as JSON."""
    own = {"recommender": found.recommender, "grounding": found.grounding, "window": found.window, "k": k}
    return json.dumps(own, sort_keys=True)


def export_settings(dataset: Path, adapter: Path, cutoffs: Sequence[int]) -> str:
    """Return the settings of an export as JSON, from the configuration in the run's manifest.

    Raises `SoftrecError` if the run is not finished, or was not configured with this data set.
    """
    place = dataset.parent / "manifest.json"
    if not place.exists():
        remedy = "finish the run, or make the export's folder a target of it"
        raise SoftrecError(f"the run {dataset.parent} is not finished: it has no {place.name}", remedy=remedy)
    config = read_record(place).record("configuration")
    own = config.record("datasets").record(dataset.name)
    llm = config.record("llms").record(own.text("llm"))
    statistics = config.record("statistics")
    found = {
        "model": str(adapter.parent.relative_to(dataset)),
        "dataset": own.text("label"),
        "repository": llm.text("repository") if llm.text("kind") == "hub" else None,
        "window": config.record("split").whole("history", least=1),
        "cutoffs": list(cutoffs),
        "resamples": statistics.whole("resamples", least=1),
        "seed": statistics.whole("seed"),
    }
    return json.dumps(found, sort_keys=True)
