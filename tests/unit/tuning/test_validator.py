"""Validation ranks as the test does: by the same texts and distances, whatever is configured."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import Dataset

import ground_predictions
import predict_titles
from softrec.data import catalogue
from softrec.decoding.answering import answering
from softrec.decoding.generation import GenerationSettings
from softrec.decoding.recommender import Recommender, RecommenderSettings, open_recommender
from softrec.evaluation.beam_grounding import grounding_by, texts_of
from softrec.evaluation.grounding import GroundingSettings
from softrec.evaluation.metrics import summary
from softrec.evaluation.ranking import read_ranks
from softrec.io.arrays import write_array
from softrec.io.tables import read_table, types, write_table
from softrec.job import program
from softrec.llm.prompts import Words
from softrec.splits import samples
from softrec.splits.sequences import SAMPLE_TYPES
from softrec.tuning.validation import CUTOFFS, Validator
from softrec.use.top_titles import nearest_titles

TITLES = [f"{saga} {part}" for saga in ("Ember", "Frost", "Gale", "Harbour") for part in range(1, 6)]
ROWS = 8
DECODING: dict[str, Any] = {"beams": 4, "max_new_tokens": 12, "batch_size": 3, "length_penalty": 1.0}
ASKED: dict[str, Any] = {
    "backbone": "bigrec",
    "precision": "fp32",
    "words": {"items": "films", "item": "film", "consumed": "seen"},
    "max_tokens": 400,
    "generation": DECODING,
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, llm_folder: Path) -> Path:
    """A folder with a catalogue of twenty titles, their embeddings, interactions and eight rows."""
    folder, n = tmp_path_factory.mktemp("shop"), len(TITLES)
    of_item: dict[str, Any] = {"item": range(1, n + 1), "source_id": TITLES, "title": TITLES, "category": [None] * n}
    write_table(folder / "catalogue.parquet", {**of_item, "title_id": range(n)}, catalogue.TYPES)
    seen = {"user": np.repeat(np.arange(1, ROWS + 1), 3), "item": np.arange(3 * ROWS) % n + 1}
    write_table(folder / "interactions.parquet", seen, types("user", "item"))
    rows = {
        "user": range(1, ROWS + 1),
        "history": [[3 * i % n + 1, (3 * i + 1) % n + 1] for i in range(ROWS)],
        "target": [(3 * i + 2) % n + 1 for i in range(ROWS)],
        "timestamp": range(ROWS),
        "position": [2] * ROWS,
        "paper": [True] * ROWS,
    }
    write_table(folder / "rows.parquet", rows, SAMPLE_TYPES)
    untuned = opened(folder, llm_folder, RecommenderSettings(**known()))
    write_array(folder / "titles.npy", untuned.embed_titles(TITLES))
    return folder


def known(**more: Any) -> dict[str, Any]:
    """The settings of a recommender as its dataclass takes them."""
    return {**ASKED, "words": Words(**ASKED["words"]), "generation": GenerationSettings(**DECODING), **more}


def opened(folder: Path, llm: Path, settings: RecommenderSettings) -> Recommender:
    """The untuned recommender of the shop."""
    return open_recommender(llm, samples.load_items(folder / "catalogue.parquet"), settings)


def run(script: Any, settings: dict[str, Any], **files: Path) -> None:
    """Run a script's main program in this process."""
    flags = [part for name, path in files.items() for part in (f"--{name}", str(path))]
    program.run(script.main, script.build_parser(), ["--settings", json.dumps(settings), *flags])


@pytest.mark.parametrize("constrained", ["none", "trie"])
@pytest.mark.parametrize("distance", [{}, {"distance": "least"}, {"distance": "softmin", "temperature": 0.5}])
def test_validation_has_the_ranks_of_prediction_and_grounding(
    shop: Path, llm_folder: Path, tmp_path: Path, constrained: Any, distance: dict[str, Any]
) -> None:
    """The two scripts of a test row on the validation rows give the metrics of the validator."""
    more: dict[str, Any] = {"constrained": constrained, "texts": "all" if distance else "first"}
    common = {"catalogue": shop / "catalogue.parquet", "rows": shop / "rows.parquet"}
    said = {"predictions": tmp_path / "p.parquet", "embeddings": tmp_path / "z.npy"}
    run(predict_titles, {**ASKED, **more}, llm=llm_folder, **common, **said)
    ranked = {"mask": "seen", "tie_seed": 3, **distance}
    read = {**said, "titles": shop / "titles.npy", "interactions": shop / "interactions.parquet"}
    if not distance:
        del read["predictions"]
    run(ground_predictions, ranked, **common, **read, ranks=tmp_path / "ranks.parquet")
    ranks = read_ranks(tmp_path / "ranks.parquet")["rank"].to_numpy()
    found = opened(shop, llm_folder, RecommenderSettings(**known(**more)))
    assert validated(shop, found, GroundingSettings(**ranked)) == summary(ranks, CUTOFFS)
    check_predictions(said["predictions"], constrained, several=bool(distance))


def validated(shop: Path, found: Recommender, settings: GroundingSettings) -> dict[str, float]:
    """The validator's metrics on the shop's rows."""
    rows: Dataset = samples.load_rows(shop / "rows.parquet", len(TITLES))
    seen = samples.load_seen(shop / "interactions.parquet", len(TITLES))
    ranker = grounding_by(np.load(shop / "titles.npy"), found.items.title_id, seen, settings)
    return Validator(found.prompts(rows), rows.to_dict(), ranker, answering(found))(found.llm)


def check_predictions(path: Path, constrained: str, *, several: bool) -> None:
    """The columns of a free, first text are those of old; with all texts their titles and scores are there, too."""
    names = read_table(path, ["row", "text", "finished"]).column_names
    assert (names + ["titles", "scores"] * several) == column_names(path)
    if several:
        table = read_table(path, ["titles", "scores"]).to_pydict()
        assert all(len(a) == len(b) for a, b in zip(table["titles"], table["scores"], strict=True))
        assert any(len(titles) > 1 for titles in table["titles"])
    if constrained == "trie":
        assert {text.strip('"') for text in read_table(path, ["text"])["text"].to_pylist()} <= set(TITLES)


def column_names(path: Path) -> list[str]:
    """The names of a Parquet file's columns."""
    return pq.read_schema(path).names


def test_what_a_constrained_text_names_is_nearest(shop: Path, llm_folder: Path) -> None:
    """With the trie, the titles of a row's four texts are its first four, at a distance of about zero.

    A soft minimum with a small temperature orders them by their scores.
    """
    how = answering(opened(shop, llm_folder, RecommenderSettings(**known(constrained="trie", texts="all"))))
    found = opened(shop, llm_folder, RecommenderSettings(**known()))
    rows = samples.load_rows(shop / "rows.parquet", len(TITLES))
    titled = how.titled(how.ask(found.llm, found.prompts(rows), "test"))
    settings = GroundingSettings("none", 3, "least")
    seen = samples.load_seen(shop / "interactions.parquet", len(TITLES))
    ranker = grounding_by(np.load(shop / "titles.npy"), found.items.title_id, seen, settings)
    z = how.embed(found.llm, titled)
    top = first_of(ranker, z, [own.scores for own in titled])
    for own, titles, value in zip(titled, *top, strict=True):
        assert {TITLES[title] for title in titles[: len(own.titles)]} == set(own.titles)
        assert (value[: len(own.titles)] < 1e-3).all()
    softly = grounding_by(ranker.titles, found.items.title_id, seen, GroundingSettings("none", 3, "softmin", 0.01))
    for own, titles in zip(titled, first_of(softly, z, [own.scores for own in titled])[0], strict=True):
        assert [TITLES[title] for title in titles[: len(own.titles)]] == own.titles


def first_of(ranker: Any, z: np.ndarray, scores: list[list[float]]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The first four titles of each row, and their distances."""
    tops = nearest_titles(ranker, texts_of(z, scores, ranker.settings), [np.array([], int)] * len(z), 4)
    return [top.title for top in tops], [top.value for top in tops]
