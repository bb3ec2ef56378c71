"""Bounds and controls, really run beside a finished table: new rows and Table 3, and no other number."""

import csv
from pathlib import Path

import pytest

from toy_project import Finished, Project, rules

ADDED = ["popularity", "nearest-mean", "sasrec-rows", "sasrec-full-softmax"]
ADDED += ["bigrec-sft-matched", "bigrec-soft-half", "bigrec-random-title", "bigrec-label-smoothing"]
SEARCHED = {"random-title": 2, "label-smoothing": 3}  # candidates: SOFT's alphas, and epsilons
# Files of the paper's rows alone: not a byte of them may change.
PAPER = ("table2_long.csv", "table2_all_long.csv", "all_settings_long.csv", "intervals.csv", "intervals_paper.csv")
PAPER += ("significance.csv", "significance.md", "power.csv", "compare.csv", "consistency.json", "table1.csv")


@pytest.fixture(scope="module")
def grown(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the finished project, run again with more rows."""
    project = finished.project.copy(tmp_path_factory.mktemp("beyond") / "softrec")
    project.edit("config/toy.yaml", "  - llara-soft\n", "  - llara-soft\n" + "".join(f"  - {key}\n" for key in ADDED))
    planned = rules(project.planned())
    assert not [rule for rule in planned if rule in ("tune_sft", "tune_soft", "fit_sasrec", "predict_titles_untuned")]
    assert planned["predict_titles"] == 2 + sum(SEARCHED.values())
    assert planned["select_alpha"] == len(SEARCHED)
    project.snakemake()
    return project


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a table."""
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_no_number_of_the_papers_rows_changes(finished: Finished, grown: Project) -> None:
    """Files of the paper's rows keep their bytes, and Table 2's lines stand above those of the bounds."""
    before, after = (project.root / "results/toy" for project in (finished.project, grown))
    changed = [name for name in PAPER if (before / name).read_bytes() != (after / name).read_bytes()]
    assert changed == []
    for name in ("table2.csv", "table2_all.csv"):
        old, new = ((folder / name).read_text().splitlines() for folder in (before, after))
        assert new[: len(old)] == old
        labels = ["Popularity", "Nearest title (mean)", "SASRec (LLM's rows)", "SASRec (full softmax)"]
        assert [line.split(",")[1] for line in new[len(old) :]] == labels


def test_table_3_compares_soft_with_each_of_them(grown: Project) -> None:
    """SOFT of two backbones against four bounds, and BIGRec's against its four controls, at four metrics: 48 lines."""
    results = grown.root / "results/toy"
    rows = read_csv(results / "table3.csv")
    assert len(rows) == (2 * 4 + 4) * 4
    long = {
        (row["backbone"], row["method"], row["metric"]): float(row["value"])
        for row in read_csv(results / "table3_all_long.csv")
    }
    for row in rows:
        other = long["" if row["family"] == "bound" else row["backbone"], row["other"], row["metric"]]
        assert float(row["difference"]) == pytest.approx(long[row["backbone"], "SOFT", row["metric"]] - other)
        assert float(row["low"]) <= float(row["difference"]) <= float(row["high"])
        assert float(row["p"]) <= float(row["p_holm"])
    assert {row["other"] for row in read_csv(results / "table3_power.csv")} == {row["other"] for row in rows}


def test_readers_see_what_each_row_means(grown: Project) -> None:
    """Table 3 with its meanings, the page of the run, the report's page and the float of a paper."""
    results = grown.root / "results/toy"
    markdown, page = (results / "table3.md").read_text(), (results / "reproduction.md").read_text()
    for name in ("Popularity", "SFT (matched updates)", "SOFT (tau = 1/2)", "SFT (label smoothing)"):
        assert f"- **{name}**: " in markdown
        assert f"- **{name}**: " in page
    assert "## Controls: is it self-distillation?" in page
    assert "## What the test rows can show" in page
    assert "Popularity" in (results / "pages/table3.html").read_text()
    assert "table3.tex" in (results / "paper.tex").read_text()
    assert "rows below the last line bound what a language model adds" in (results / "table2.md").read_text()


def test_nothing_is_stale_afterwards(grown: Project) -> None:
    """The same command again has nothing to do."""
    assert rules(grown.planned()) == {}
