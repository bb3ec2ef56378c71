"""The whole graph, really run: its results, and what it says of them."""

import csv
import json
import math
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from common.frame import FRAME
from toy_project import SHOWING, Finished, Project, rules

PROGRESS = re.compile(r"^\S.*  +\d+ %(  loss \d+\.\d{4})?.*  [\d,]+ (tok|rows)/s  ETA \d+:\d\d$", re.MULTILINE)
IDS = ["SASRec", "DROS", "LLM-CF", "DLLM2Rec"]
TUNED = ["SFT", "SDPO", "SOFT(w/o SA)", "SOFT"]
FIGURES = ("curriculum", "figure2", "figure5", "figure6")
HEADINGS = ["H@5 of each row", "What the test rows can show", "SOFT by alpha (Figure 5)"]
HEADINGS += ["Self-distilled data (Figure 2)", "Epoch by epoch", "What ran", "How long it took"]
METHODS = [*IDS, "Guidance only", *TUNED, "Gain", *TUNED, "Gain"]


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a table."""
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def training_log(path: Path) -> list[dict]:
    """The epochs of a training log, without the summary."""
    return [line for line in map(json.loads, path.read_text().splitlines()) if "summary" not in line]


def test_the_run_ends_with_tables_figures_and_audit(finished: Finished) -> None:
    """All rows of one data set, guidance alone among them; every logged metric of each in the long table, in [0, 1]."""
    results = finished.project.root / "results/toy"
    names = ["table1.csv", "table2.csv", "table2.md", "table2.tex", "significance.csv", "compare.md", "manifest.json"]
    names += ["reproduction.md", "table2_all.csv", "table2_all.md", "table2_all.tex", "table2_all_long.csv"]
    names += [f"figures/{name}.{form}" for name in FIGURES for form in ("csv", "png", "pdf")]
    assert [name for name in names if not (results / name).stat().st_size] == []
    assert [row["Method"] for row in read_csv(results / "table2.csv")] == METHODS
    long = read_csv(results / "table2_long.csv")
    assert len({(row["method"], row["backbone"]) for row in long}) == 13
    assert {(row["dataset"], row["seed"]) for row in long} == {("Toys", "1")}
    assert all(0 <= float(row["value"]) <= 1 for row in long)
    assert json.loads((finished.project.toys / "split_audit.json").read_text())
    counted = json.loads((finished.project.toys / "filter_counts.json").read_text())
    assert counted["final"] == counted["expected"], "the shop's own count of its 10-core"


def test_the_second_run_has_nothing_to_do(finished: Finished) -> None:
    """In a dry run and in a real one."""
    assert finished.project.planned() == []
    assert "Nothing to be done" in finished.project.snakemake()


def test_manifests_hash_all_modules_that_were_loaded(finished: Finished) -> None:
    """Law 1: a module that a script really loaded and its digest leaves out could change without a rerun."""
    manifests = sorted((finished.project.root / "results/toy").rglob("*.manifest.json"))
    assert len(manifests) > 40
    for path in manifests:
        manifest = json.loads(path.read_text())
        assert set(manifest["modules"]) <= {*manifest["code"], *FRAME}, path
        assert Path(manifest["script"]).stem in manifest["code"], path


def test_small_rules_load_no_more_than_their_environment_has(finished: Finished) -> None:
    """By the manifests: no torch and no transformers but in rules of envs/train.yaml, no matplotlib but in figures."""
    environment = {}
    for path in (finished.project.root / "workflow/rules").glob("*.smk"):
        for rule in re.split(r"^ *rule\b.*:$", path.read_text(), flags=re.MULTILINE)[1:]:
            environment[re.search(r"/(\w+\.py) \\", rule)[1]] = re.search(r"envs/(\w+)\.yaml", rule)[1]
    allowed = {"data": set(), "report": {"matplotlib"}, "train": {"torch", "transformers"}}
    for path in (finished.project.root / "results/toy").rglob("*.manifest.json"):
        manifest = json.loads(path.read_text())
        loaded = {"torch", "transformers", "matplotlib"} & set(manifest["versions"])
        assert loaded <= allowed[environment[manifest["script"]]], path


def test_the_runs_manifest_is_gathered_from_its_jobs(finished: Finished) -> None:
    """It has torch's version in the tuning jobs, all sources, a hash of every figure, and all jobs but six.

    Pages of the report and floats of a paper do not count. The six are itself, the page that is made of it, and the
    audits of the split and of three samples, which gate jobs but of which nothing is made. Four runs are SOFT's.
    """
    root = finished.project.root
    found = json.loads((root / "results/toy/manifest.json").read_text())
    tuned = json.loads((finished.project.toys / "bigrec/sft/seed=1/adapter.manifest.json").read_text())
    assert found["versions"]["torch"] == tuned["versions"]["torch"]
    made_by = {Path(name).name: source["made_by"] for name, source in found["sources"].items()}
    assert made_by["llm"] == "pretrain_tiny_llm.py"
    assert {name for name, script in made_by.items() if script is None} == {
        "Toys.jsonl",
        "meta_Toys.jsonl",
        "published.csv",
    }
    assert {f"results/toy/figures/{name}.png" for name in FIGURES} <= set(found["results"])
    assert sum(found["hardware"]["tune_soft"].values()) == 4
    showing = {"pages", *SHOWING}
    benchmarks = [
        path for path in (root / "results/toy/benchmarks").rglob("*.tsv") if not showing & {*path.with_suffix("").parts}
    ]
    assert found["jobs"] == len(benchmarks) - 6


@pytest.mark.parametrize("alpha", [1, 10])
def test_tau_leaves_one_after_the_first_epoch(finished: Finished, alpha: int) -> None:
    """Before tuning d_1 is the d_0 that was measured and tau is 1; then tau = exp(alpha (d_t / d_0 - 1)) < 1."""
    d_0 = json.loads((finished.project.toys / "bigrec/initial_distance.json").read_text())["d_0"]
    first, second = training_log(finished.project.toys / f"bigrec/soft/alpha={alpha}/seed=1/training.jsonl")
    assert (first["d_t"], first["d_0"], first["tau"]) == (d_0, d_0, 1)
    assert second["d_t"] < d_0
    assert second["tau"] == pytest.approx(math.exp(alpha * (second["d_t"] / d_0 - 1)))
    log = finished.project.root / f"results/toy/logs/toys/bigrec/soft/alpha={alpha}/seed=1/tune.log"
    assert f"epoch 2/2  tau {second['tau']:.4f}  d_t {second['d_t']:.4f}  d_0 {d_0:.4f}" in log.read_text()


def test_the_page_says_of_the_chosen_alpha_what_table_2_says_of_soft(finished: Finished) -> None:
    """One seed of resampling, the same ranks: the same interval on the page and in intervals.csv; and sizes beside."""
    results = finished.project.root / "results/toy"
    page = re.sub(r" +", " ", (results / "reproduction.md").read_text())
    (soft,) = (row for row in read_csv(results / "intervals.csv") if soft_of_llara(row))
    alpha = json.loads((finished.project.toys / "llara/soft/alpha.json").read_text())["chosen"]
    value, low, high = (f"{float(soft[name]):.4f}" for name in ("value", "low", "high"))
    for name in ("SOFT", f"alpha={alpha}"):
        assert re.search(rf"\| LLaRA \| {name} \| .* \| {value} \| {low} to {high} \|$", page, re.MULTILINE)
    assert f"Toys: {soft['rows']} test rows of {soft['users']} users. One seed:" in page
    assert re.findall("^## (.*)", page, re.MULTILINE) == HEADINGS


def soft_of_llara(row: dict[str, str]) -> bool:
    """Whether a line of a table is its H@20."""
    return (row["backbone"], row["method"], row["metric"]) == ("LLaRA", "SOFT", "H@20")


def test_titles_lose_entities_tags_and_newlines(finished: Finished) -> None:
    """HTML entities, tags and line breaks in published titles are plain text in the catalogue."""
    from softrec.io.tables import read_table

    titles = read_table(finished.project.toys / "catalogue.parquet", ["title"])["title"].to_pylist()
    assert titles[0] == "Ember & Ash Saga 1: Ashen Gate"
    assert [title for title in titles if re.search(r"[<>\n\t;]|  ", title)] == []


def test_logs_have_progress_lines_and_no_bars(finished: Finished) -> None:
    """Long jobs say percent, loss where there is one, speed and time left; nothing redraws a line, no library warns."""
    logs = finished.project.root / "results/toy/logs"
    for name in ("pretrain_tiny_llm.log", "sasrec/l2=0.001/seed=1/fit.log", "bigrec/sft/seed=1/tune.log"):
        assert any(match[1] for match in PROGRESS.finditer((logs / "toys" / name).read_text())), name
    assert PROGRESS.search((logs / "toys/bigrec/sft/seed=1/test.predict.log").read_text())
    for path in logs.rglob("*.log"):
        text = path.read_bytes().decode()
        assert not [sign for sign in ("\r", "it/s]", "s/it]", "%|", "\x1b", "Warning") if sign in text], path


def test_every_job_has_a_log_and_a_benchmark(finished: Finished) -> None:
    """As many benchmarks as there were jobs, and each has a log of the same name."""
    results = finished.project.root / "results/toy"
    benchmarks = {path.relative_to(results / "benchmarks").with_suffix("") for path in results.rglob("*.tsv")}
    assert f"{len(benchmarks)} of {len(benchmarks) + 1}  " in finished.printed
    assert benchmarks == {path.relative_to(results / "logs").with_suffix("") for path in results.rglob("*.log")}


def test_the_terminal_shows_the_plan_and_a_line_per_start_and_end(finished: Finished) -> None:
    """At 80 columns; the commands, which are long, are not shown."""
    said = finished.printed.splitlines()
    plan = said.index("softrec computes")
    assert said[plan + 2] == "  data sets Toys (toys) with tiny"
    jobs = int(next(line for line in said if line.startswith("  jobs")).split()[-1])
    assert sum(line.startswith("     start  ") for line in said) == jobs - 1
    assert sum(f" of {jobs}  " in line for line in said) == jobs
    assert "     start  tune_soft  toys bigrec alpha=10 seed=1" in said
    assert [line for line in said if len(line) > 80 and not line.startswith(("Complete log", "Using profile"))] == []
    assert "--settings" not in finished.printed


def test_rows_that_are_switched_off_are_absent(copied: Project) -> None:
    """Without SOFT nothing is trained again; its rows, its Gain and its figures are not in the plan or the table."""
    switch = ["--config", "methods=[sasrec, bigrec-sft]"]
    remade = {
        "collect_results",
        "make_table2",
        "make_table2_all",
        "measure_significance",
        "measure_power",
        "check_consistency",
        "compare_published",
    }
    remade |= {"collect_runtimes", "plot_figure6", "make_run_manifest", "write_summary"}
    assert set(rules(copied.planned(*switch))) == remade
    copied.snakemake(*switch)
    assert [row["Method"] for row in read_csv(copied.root / "results/toy/table2.csv")] == ["SASRec", "SFT"]
    assert {row["method"] for row in read_csv(copied.root / "results/toy/table2_long.csv")} == {"SASRec", "SFT"}


def test_the_report_is_built_without_a_network(finished: Finished) -> None:
    """One file with the tables and the figure in it."""
    finished.project.snakemake("--report", "report.html")
    text = (finished.project.root / "report.html").read_text()
    assert all(word in text for word in ("Table 1", "Table 2", "Curriculum", "tune_soft"))


def test_the_audit_counts_hits_of_every_run(finished: Finished) -> None:
    """13 rows of one seed, four cut-offs: 52 hit ratios, each a whole number of hits among the test rows."""
    audit = json.loads((finished.project.root / "results/toy/consistency.json").read_text())
    for rows in ("ours", "ours_all"):
        assert (audit[rows]["runs"], audit[rows]["hit_ratios"]) == (13, 52)
    assert audit["published"]["multiples_of_1/1000"] == 72


def test_all_methods_rank_the_same_rows_among_as_many_candidates(finished: Finished) -> None:
    """Rows, marks of the paper's sample and numbers of unmasked titles are the same in every file of ranks.

    ID-based models, language models and the un-tuned one are ranked alike. 16 rows are the paper's.
    """
    ranks = [pq.read_table(path) for path in sorted(finished.project.toys.rglob("test.ranks.parquet"))]
    columns = ["row", "user", "target", "candidates", "paper"]
    assert len(ranks) >= 13
    assert all(table.select(columns).equals(ranks[0].select(columns)) for table in ranks)
    assert sum(ranks[0]["paper"].to_pylist()) == 16 < ranks[0].num_rows


def test_the_teacher_rows_are_in_the_log_of_its_student(finished: Finished) -> None:
    """DLLM2Rec's teacher has labelled the 48 sampled training rows."""
    lines = (finished.project.toys / "dllm2rec/l2=1e-05/seed=1/training.jsonl").read_text().splitlines()
    summary = json.loads(lines[-1])
    assert summary["teacher_rows"] == 48
    note = (finished.project.root / "results/toy/table2.md").read_text().splitlines()[-1]
    assert "and tests SOFT's gains. DLLM2Rec's teacher has labelled 48 of " in note
    assert summary["training_rows"] > 48
