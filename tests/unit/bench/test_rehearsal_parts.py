"""What a rehearsal puts in the place of a hub and of a GPU."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from common import manifests
from rehearse import model, parts, standin
from rehearse.project import HERE
from rehearse.server import COMMIT, Served, serve
from rehearse.shapes import Shape, TitleShape
from run_script import run_script
from softrec.data import catalogue
from softrec.decoding import predictions
from softrec.io import arrays, tables
from softrec.llm import prompts

SMALL = Shape(400, 200, 8_000, 3_000, 900, 0.3, (3, 7), 1_740_000, 3_000_000, 2_000, "Toys", TitleShape(7, 0.6, 30))
WORDS = {"items": "toys", "item": "toy", "consumed": "bought"}


def test_the_real_script_downloads_from_the_server(tmp_path: Path) -> None:
    """As from the hub: sums are those that the server states, and the commit goes into the manifest."""
    contents = {"a/Toys.csv": b"ratings" * 1000, "b/meta_Toys.jsonl": b"metadata" * 1000}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    for name, content in contents.items():
        (tmp_path / Path(name).name).write_bytes(content)
    known = dict(zip(("ratings", "metadata"), ({"path": name, "sha256": sums[name]} for name in sums), strict=True))
    settings = {"category": "Toys", "transport": "hub", "repository": "lab/reviews", "revision": "main"}
    settings |= {"base_url": "http://127.0.0.1", "allow_http": True, "checksum": "expected", **known}
    flags = {"--ratings": tmp_path / "out/ratings", "--metadata": tmp_path / "out/metadata"}
    with serve({name: Served(tmp_path / Path(name).name, sums[name]) for name in contents}) as address:
        env = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hf")}
        ended = run_script("fetch_amazon2023.py", settings, flags, env)
    assert ended.returncode == 0, ended.stderr
    assert [path.read_bytes() for path in flags.values()] == list(contents.values())
    assert json.loads((tmp_path / "out/ratings.manifest.json").read_text())["notes"]["ratings"]["commit"] == COMMIT


def test_a_download_goes_on_from_a_byte(tmp_path: Path) -> None:
    """10 bytes, of which four are there."""
    import urllib.request

    (tmp_path / "file").write_bytes(b"0123456789")
    with serve({"file": Served(tmp_path / "file", "sum")}) as address:
        asked = urllib.request.Request(f"{address}/datasets/x/y/resolve/main/file", headers={"Range": "bytes=4-"})
        with urllib.request.urlopen(asked) as answer:
            assert (answer.status, answer.read()) == (206, b"456789")
            assert answer.headers["Content-Range"] == "bytes 4-9/10"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stand-in for the base model."""
    folder = tmp_path_factory.mktemp("base") / "base"
    standin.make_base(folder, "small", SMALL, prompts.Words(**WORDS))
    return folder


def test_embeddings_of_the_stand_in_are_widened(base: Path, tmp_path: Path) -> None:
    """The real script embeds two titles by it; as 3,072 numbers they are about as far from each other as before."""
    path = tmp_path / "catalogue.parquet"
    texts = ["A Title", "Another Title"]
    columns = {"item": [1, 2], "source_id": texts, "title": texts, "category": texts, "title_id": [0, 1]}
    tables.write_table(path, columns, catalogue.TYPES)
    settings = {"backbone": "plain", "precision": "fp32", "batch_size": 2}
    flags = {"--llm": base, "--catalogue": path, "--titles": tmp_path / "titles.npy"}
    ended = run_script("encode_titles.py", settings, flags)
    assert ended.returncode == 0, ended.stderr
    parts.take(tmp_path / "titles.npy", tmp_path / "wide.npy", "results/wide.npy")
    manifests.require_as_made(tmp_path / "wide.npy")
    tiny, wide = (arrays.read_array(tmp_path / f"{name}.npy", "float32", (None, None)) for name in ("titles", "wide"))
    assert (wide.shape, wide.dtype) == ((2, 3072), np.float32)
    # Each of 3,072 numbers has the mean square of a tiny one: the distance grows by the root of 3,072 / 64.
    far = [np.linalg.norm(z[0] - z[1]) for z in (tiny, wide)]
    assert far[0] > 0.1
    assert far[1] / far[0] == pytest.approx((3072 / 64) ** 0.5, rel=0.1)


def test_texts_of_the_stand_in_end(base: Path) -> None:
    """Most of 32 within 64 tokens, and not at once: as long as titles."""
    from softrec.decoding import generation
    from softrec.llm import language_model

    llm = language_model.load(base, "bigrec", "fp32")
    asked = [llm.tokenizer(f"### Response {number}:\n")["input_ids"] for number in range(32)]
    said = generation.generate(llm, asked, generation.GenerationSettings(4, 64, 32), "test")
    tokens = [len(llm.tokenizer(answer.text)["input_ids"]) for answer in said]
    assert sum(answer.finished for answer in said) >= 28
    assert 1 <= np.median(tokens) <= 20


def test_drawn_predictions_have_the_shapes_of_real_ones(tmp_path: Path) -> None:
    """Each says a title of the catalogue, and its embedding is nearer to that title's than to any other's."""
    texts = [f"Title {number}" for number in range(20)]
    known = {"item": range(1, 21), "source_id": texts, "title": texts, "category": texts, "title_id": range(20)}
    tables.write_table(tmp_path / "catalogue.parquet", known, catalogue.TYPES)
    titles = np.random.default_rng(1).standard_normal((20, 3072)).astype(np.float32)
    arrays.write_array(tmp_path / "titles.npy", titles)
    paths = [tmp_path / name for name in ("catalogue.parquet", "titles.npy")]
    made = [tmp_path / name for name in ("test.predictions.parquet", "test.embeddings.npy")]
    standin.draw_predictions(*paths, 50, "a model", *made)
    table = tables.read_table(made[0], list(predictions.TYPES))
    z = arrays.read_array(made[1], "float32", (None, None))
    assert table.schema.names == ["row", "text", "finished"]
    assert (len(table), z.shape, z.dtype) == (50, (50, 3072), np.float32)
    nearest = np.argmin(((z[:, None] - titles) ** 2).sum(axis=2), axis=1)
    assert table["text"].to_pylist() == [f'"Title {i}"' for i in nearest]


def test_weights_are_as_many_as_the_papers_model_has() -> None:
    """Llama-3.2-3B: 3.21 billion, counted layer by layer.

    128,256 x 3,072 of embeddings; each of 28 layers has 2 x 3,072^2 + 2 x 1,024 x 3,072 of attention, 3 x 3,072 x 8,192
    of the MLP and 2 x 3,072 of norms; 3,072 at the end.
    """
    each = 2 * 3072**2 + 2 * 1024 * 3072 + 3 * 3072 * 8192 + 2 * 3072
    total = sum(int(np.prod(shape)) for shape in model.tensors().values())
    assert total == 128_256 * 3072 + 28 * each + 3072 == 3_212_749_824


def test_a_process_notes_its_peak(tmp_path: Path) -> None:
    """100 MB more than nothing at all, whatever the process that started it has."""
    peaks = []
    for more in (0, 100_000_000):
        program = tmp_path / "program.py"
        program.write_text(f"x = b'x' * {more}\nraise SystemExit(0)\n")
        env = {**os.environ, "PYTHONPATH": str(HERE / "peaks"), "SOFTREC_PEAKS": str(tmp_path / "peaks")}
        subprocess.run([sys.executable, str(program), "an argument"], env=env, check=True)
        noted = json.loads((tmp_path / "peaks").read_text().splitlines()[-1])
        assert noted["argv"] == [str(program), "an argument"]
        peaks.append(noted["mib"])
    assert 90 < peaks[1] - peaks[0] < 110


def test_shuffled_ranks_are_the_same_ranks(tmp_path: Path) -> None:
    """Of other rows; users and targets stay where they are, and another name shuffles otherwise."""
    from rehearse.tables import shuffle
    from softrec.evaluation.ranking import RANK_TYPES

    columns = {name: np.arange(100) for name in RANK_TYPES}
    found = {}
    for name in ("a", "b"):
        tables.write_table(tmp_path / name, columns, RANK_TYPES)
        shuffle(tmp_path / name, name)
        found[name] = pq.read_table(tmp_path / name).to_pydict()
    assert found["a"]["rank"] != found["b"]["rank"]
    assert sorted(found["a"]["rank"]) == found["a"]["user"] == list(range(100))
    assert found["a"]["rank"] == found["a"]["candidates"]
