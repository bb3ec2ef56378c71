"""docs/data.md: each sample on the page is read by the project's readers, and gives the table below it."""

import gzip
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from lib.config import configuration, loading
from lib.graph import sources
from lib.preflight import own_files
from lib.slices import Slices
from places import ROOT
from softrec.data.filtering import FilterSettings
from softrec.data.readers import formats, signs
from softrec.data.source_format import Columns, Format, Source

PAGE = (ROOT / "docs/data.md").read_text(encoding="utf-8")
SECTIONS = re.findall(r"^### (`[^`\n]+`[^\n]*)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^`([^`]+)`:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
SAMPLES = [(name, text) for name, text in SECTIONS if "Is read as:" in text]


def written(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The sample's source, with its files in `folder`; those whose name ends in .gz are packed."""
    source: dict[str, Any] = yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1])["source"]
    for name, content in FILE.findall(text):
        raw = content.encode()
        (folder / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    if code := re.search(r"Written by:\n\n```python\n(.*?)```", text, re.DOTALL):
        monkeypatch.chdir(folder)
        exec(code[1], {})
    return {**source, "folder": str(folder)}


def settings_of(source: dict[str, Any]) -> FilterSettings:
    """The filter's settings, by way of the schema, the checks and the slice, as in a run."""
    config = loading.load(ROOT / "config/demo.yaml")
    config["datasets"]["ml100k"]["source"] = source
    configuration.check(config, str(ROOT / "workflow/schemas/config.schema.yaml"), "the page")
    from softrec.job.settings import read_settings

    return read_settings(Slices(config).filter("ml100k"), FilterSettings)


def shown(stamp: int) -> str:
    """A time in milliseconds as the page has it."""
    text = datetime.fromtimestamp(stamp / 1000, UTC).isoformat(" ", "milliseconds").removesuffix("+00:00")
    return text.removesuffix(".000")


def read_rows(folder: Path, source: dict[str, Any]) -> list[list[str]]:
    """Rows of user, item, time, title and category."""
    paths = {role: Path(path) for role, path in sources.raw_files(source).items()}
    how = settings_of(source).source()
    raw = formats.read_reviews(paths["ratings"], how)
    texts = formats.read_texts(paths["ratings"], paths.get("metadata"), how, raw["item_id"])
    joined = raw.join(texts, on="item_id", how="left", maintain_order="left").fill_null("")
    rows = joined.select("user_id", "item_id", "timestamp", "title", "category").rows()
    return [[user, item, shown(stamp), title, category] for user, item, stamp, title, category in rows]


@pytest.mark.parametrize(("name", "text"), SAMPLES, ids=[name for name, _ in SAMPLES])
def test_a_sample_is_read_as_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    """The expected values are the page's own table."""
    source = written(text, tmp_path, monkeypatch)
    assert f"`{source['format']}`" == name.partition(":")[0]
    table = text.partition("| --- |")[2].splitlines()[1:]
    expected = [[cell.strip() for cell in line.strip("|").split("|")] for line in table if line.startswith("|")]
    assert len(expected) == 3
    assert read_rows(tmp_path, source) == expected


@pytest.mark.parametrize(("name", "text"), SAMPLES, ids=[name for name, _ in SAMPLES])
def test_no_sample_looks_like_another_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    """Otherwise an error in a later line would advise to change the format. Nor does a plan refuse its columns."""
    source = written(text, tmp_path, monkeypatch)
    assert own_files.problems({}, {"page": {"source": source}}) == []
    for role in ("ratings", "metadata"):
        if role in source:
            formats_, role_ = signs.read_signs(tmp_path / source[role]) or ((source["format"],), None)
            assert source["format"] in formats_
            assert role_ in (None, role)


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("rating,timestamp,parent_asin,user_id", "ratings"),
        ("timestamp,movieId,userId", "movielens-csv"),
        ("timestamp:float\tuser_id:token\tage:float\titem_id:token", "movielens"),
        ("timestamp:float\tuser_id:token\tartist:token", "recbole"),
        ("oc-R1XX,0700099867,1.0,1341792000", None),
        ("reader;book;lent", "columns"),
        ('"","reader","2nd book"', "columns"),
        ("{'reviewerID': 'A1', 'asin': 'B1'}", "amazon2014"),
        ("just text", None),
    ],
)
def test_signs_of_a_format(tmp_path: Path, line: str, form: Format | None) -> None:
    """Columns in any order; a line of data is no header."""
    (tmp_path / "x").write_text(f"{line}\n")
    found = signs.read_signs(tmp_path / "x")
    assert (found[0][0] if found else None) == form


def test_every_format_has_a_sample_and_a_row_in_the_overview() -> None:
    """The formats of the schema, of the readers and of the page are the same."""
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    known = set(schema["$defs"]["files_source"]["properties"]["format"]["enum"])
    assert {name.partition(":")[0].strip("`") for name, _ in SAMPLES} == known
    assert set(Format.__args__) == known
    assert all(f"| `{name}` |" in PAGE.partition("## What happens")[0] for name in known)


def test_recbole_reads_the_files_of_movielens_to_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the page says of the format movielens."""
    source = written(dict(SAMPLES)["`movielens`"], tmp_path, monkeypatch)
    assert read_rows(tmp_path, {**source, "format": "recbole"}) == read_rows(tmp_path, source)


def test_other_columns_of_recbole(tmp_path: Path) -> None:
    """`columns` names columns without types, in any order, among others."""
    (tmp_path / "x.inter").write_text("weight:float\ttime:float\tartist:token\tuser_id:token\n1\t964982703\ta\tu\n")
    (tmp_path / "x.item").write_text("label:token_seq\tartist:token\nThe  Band\ta\n")
    columns = Columns(item="artist", timestamp="time", title="label")
    how = Source("recbole", columns)
    raw = formats.read_reviews(tmp_path / "x.inter", how)
    assert raw.rows() == [("u", "a", 964982703000)]
    texts = formats.read_texts(tmp_path / "x.inter", tmp_path / "x.item", how, raw["item_id"])
    assert texts.rows() == [("a", "The Band", None)]
    assert texts.schema == {"item_id": pl.String, "title": pl.String, "category": pl.String}
