"""LLM-CF from files to ranks: retrieval, training and ranking by their scripts."""

import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

import fit_llm_cf
import fit_sequential
import rank_llm_cf
import rank_sequential
import retrieve_examples
from circle_of_items import ITEMS, SETTINGS, write_data
from common import files
from softrec.data import catalogue
from softrec.io import arrays, tables
from softrec.job import program
from softrec.llm_enhanced import chains_of_thought

SOFTMAX = {"method": "sampled_softmax", "options": {"negatives": 8}, "search": "l2"}
FIT = asdict(replace(SETTINGS, epochs=2, patience=2))
SHAPE = {key: FIT[key] for key in ("dim", "blocks", "heads", "length", "dropout", "mask", "tie_seed")}
DECISIONS = 30


def write_texts(folder: Path) -> list[str]:
    """Random titles of the circle's items, and 30 decisions about its first training rows; the arguments for both."""
    rng, item = np.random.default_rng(4), list(range(1, ITEMS + 1))
    names = [f"Film {i}" for i in item]
    columns = {"item": item, "source_id": names, "title": names, "category": names, "title_id": range(ITEMS)}
    tables.write_table(folder / "catalogue.parquet", columns, catalogue.TYPES)
    arrays.write_array(folder / "titles.npy", rng.normal(size=(ITEMS, 6)).astype(np.float32))
    arrays.write_array(folder / "thoughts.npy", rng.normal(size=(DECISIONS, 6)).astype(np.float32))
    row = np.arange(DECISIONS)
    told = {"row": row, "label": row % 2, "item": row % ITEMS + 1, "text": [""] * DECISIONS, "finished": row >= 0}
    tables.write_table(folder / "cot.parquet", told, chains_of_thought.TYPES)
    names = ("titles.npy", "cot.parquet")
    return [word for name in names for word in (f"--{name.partition('.')[0]}", str(folder / name))] + [
        "--sample", str(folder / "train.parquet"),
    ]  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> dict[str, list[str]]:
    """Arguments of the scripts: `inputs` of a fit, `texts`, and the `examples` of both splits, which are retrieved."""
    inputs, texts = write_data(tmp_path), write_texts(tmp_path)
    settings = json.dumps({"length": 4, "examples_per_label": 2, "centred": False, "seed": 1})
    examples = []
    for split in ("train", "valid"):
        found = str(tmp_path / f"{split}.npy")
        rows = ["--rows", str(tmp_path / f"{split}.parquet"), "--catalogue", str(tmp_path / "catalogue.parquet")]
        argv = [*rows, *texts, "--examples", found, "--settings", settings]
        program.run(retrieve_examples.main, retrieve_examples.build_parser(), argv)
        examples += [f"--{split}-examples", found]
    return {"inputs": inputs, "texts": [*texts, "--thoughts", str(tmp_path / "thoughts.npy")], "examples": examples}


def fit(folder: Path, data: dict[str, list[str]], weight: float) -> Path:
    """Train LLM-CF; returns its model."""
    in_context = {"weight": weight, "reconstruct_weight": 0.0}
    settings = json.dumps({"fit": FIT, "l2": 0.0, "negatives": 8, "in_context": in_context})
    out = ["--model", str(folder / "model"), "--log", str(folder / "log"), "--settings", settings]
    program.run(fit_llm_cf.main, fit_llm_cf.build_parser(), [*data["inputs"], *data["texts"], *data["examples"], *out])
    return folder / "model"


def rank(folder: Path, data: dict[str, list[str]], model: Path, weight: float) -> list[int]:
    """The ranks of the validation rows by LLM-CF."""
    settings = json.dumps({"rank": SHAPE, "weight": weight})
    rows = ["--rows", str(folder / "valid.parquet"), *data["inputs"][4:], "--examples", data["examples"][3]]
    out = ["--model", str(model), "--ranks", str(folder / "ranks"), "--settings", settings]
    program.run(rank_llm_cf.main, rank_llm_cf.build_parser(), [*rows, *data["texts"], *out])
    return tables.read_table(folder / "ranks", ["rank"])["rank"].to_pylist()


def test_the_examples_are_those_of_earlier_rows(data: dict[str, list[str]]) -> None:
    """Training row r is made at time r, as the decisions 0 to 29 are.

    Row 0 has none, row 1 knows decision 0 alone, and from row 30 on all are known, so all four places are filled.
    """
    found = arrays.read_array(Path(data["examples"][1]), "int32", (None, None))
    assert found.shape == (400, 4)
    assert found.dtype == np.int32
    assert (found[0] == -1).all()
    assert sorted(found[1].tolist()) == [-1, -1, -1, 0]
    assert (found < np.arange(400)[:, None]).all()
    assert (found[30:] >= 0).all()
    notes = json.loads(Path(data["examples"][1] + ".manifest.json").read_text())["notes"]["examples"]
    assert (notes["decisions"], notes["rows"], notes["rows_without"]) == (30, 400, 1)


def test_what_is_trained_ranks_as_it_did_in_validation(tmp_path: Path, data: dict[str, list[str]]) -> None:
    """H@5 over the validation rows is the log's, of the kept epoch; the log counts the decisions."""
    ranks = rank(tmp_path, data, fit(tmp_path, data, 0.5), 0.5)
    summary = json.loads((tmp_path / "log").read_text().splitlines()[-1])
    assert np.mean(np.array(ranks) < 5) == pytest.approx(summary["validation"]["H@5"])
    assert summary["chains_of_thought"] == DECISIONS


def test_without_weight_the_ranks_are_those_of_sasrec_with_its_loss(tmp_path: Path, data: dict[str, list[str]]) -> None:
    """Each by its own scripts."""
    ours = rank(tmp_path, data, fit(tmp_path, data, 0.0), 0.0)
    settings = json.dumps({**SOFTMAX, "fit": FIT, "candidate": 0.0})
    out = ["--model", str(tmp_path / "plain"), "--log", str(tmp_path / "plain.log"), "--settings", settings]
    program.run(fit_sequential.main, fit_sequential.build_parser(), [*data["inputs"], *out])
    rows = [
        "--rows",
        str(tmp_path / "valid.parquet"),
        *data["inputs"][4:],
        "--settings",
        json.dumps({"rank": SHAPE, "network": "sasrec"}),
    ]
    argv = [*rows, "--model", str(tmp_path / "plain"), "--ranks", str(tmp_path / "plain.ranks")]
    program.run(rank_sequential.main, rank_sequential.build_parser(), argv)
    assert tables.read_table(tmp_path / "plain.ranks", ["rank"])["rank"].to_pylist() == ours


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        ("train.npy", np.zeros((3, 4), np.int32), r"train\.npy has shape \(3, 4\); there are 400 windows"),
        ("thoughts.npy", np.ones((30, 5), np.float32), r"thoughts\.npy has shape \(30, 5\), not \(30, 6\)"),
        ("thoughts.npy", np.full((30, 6), np.nan, np.float32), "embedding of chain of thought 0 in .* is not finite"),
    ],
)
def test_files_that_do_not_belong_together_leave_nothing(
    name: str,
    array: np.ndarray,
    said: str,
    tmp_path: Path,
    data: dict[str, list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One sentence, and neither model nor log."""
    arrays.write_array(tmp_path / name, array)
    files.remove(files.manifest_of(tmp_path / name))  # as of a file of one's own
    with pytest.raises(SystemExit):
        fit(tmp_path, data, 0.1)
    error = capsys.readouterr().err
    assert re.search(said, error)
    assert "Traceback" not in error
    assert not (tmp_path / "model").exists()
    assert not (tmp_path / "log").exists()
