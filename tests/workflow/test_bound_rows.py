"""The rows that bound what a language model adds: what they read, and that nobody gets them unasked."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from lib.cost import estimate
from lib.cost.sizes import Left
from lib.graph import grid
from lib.graph.methods import BY_KEY
from lib.slices import Slices
from places import ROOT
from tools import dry_run
from tools.dry_run import Job

KEYS = ["popularity", "nearest-last", "nearest-mean", "sasrec-rows", "sasrec-full-softmax"]
AT = "results/demo/ml100k"


@pytest.fixture(scope="module")
def jobs() -> list[Job]:
    """The jobs of the demo up to the metrics of these five rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        seeds = [f"{key}/seed={seed}" for key in KEYS[3:] for seed in (1, 2)]
        targets = [f"{AT}/{folder}/test.metrics.json" for folder in [*KEYS[:3], *seeds]]
        asked = ["--config", f"methods=[sasrec, {', '.join(KEYS)}]", "--", *targets]
        return dry_run.jobs(["--profile", "profiles/demo", "--forceall", *asked])


def of(jobs: list[Job], rule: str) -> list[Job]:
    """The jobs of a rule."""
    return [job for job in jobs if job.rule == rule]


def test_a_plan_has_them_if_its_configuration_names_them(
    checked: Callable[[str], dict[str, Any]], demo_jobs: list[Job], paper_jobs: list[Job]
) -> None:
    """No other row needs one of their jobs."""
    rules = {"rank_popularity": KEYS[:1], "embed_histories": KEYS[1:3]}
    rules |= {"fit_sasrec_rows": KEYS[3:4], "fit_sasrec_full_softmax": KEYS[4:]}
    for name, planned in (("demo", demo_jobs), ("paper", paper_jobs)):
        asked = {*checked(name)["methods"]}
        assert {rule for rule, keys in rules.items() if asked & {*keys}} == {job.rule for job in planned} & {*rules}


def test_five_rows_of_two_seeds(jobs: list[Job]) -> None:
    """A row without training has one result; SASRec's two try 2 candidates of L2 with seed 1, and train seed 2 once.

    2 x 3 trainings, 2 choices and copies, 2 x 2 + 1 + 2 rankings, 7 metrics. No language model is tuned or asked.
    """
    counted = Counter(job.rule for job in jobs)
    expected = {"fit_sasrec_rows": 3, "fit_sasrec_full_softmax": 3, "select_hyperparameter": 2}
    expected |= {"copy_selected_model": 2, "rank_sequential": 4, "rank_popularity": 1, "embed_histories": 2}
    expected |= {"ground_predictions": 2, "evaluate_ranks": 7}
    assert {rule: counted[rule] for rule in expected} == expected
    assert not [rule for rule in counted if rule.startswith(("tune_", "predict_", "fit_sasrec_softmax"))]


def test_sasrec_reads_the_rows_that_language_models_are_tuned_on(jobs: list[Job]) -> None:
    """The sample, whose audit comes first; the loss over all items reads the whole split, like SASRec."""
    for rule, folder in (("fit_sasrec_rows", "samples"), ("fit_sasrec_full_softmax", "sequences")):
        for job in of(jobs, rule):
            assert [name for name in job.input if name.endswith("/train.parquet")] == [f"{AT}/{folder}/train.parquet"]
            assert f"{AT}/split_audit.json" in job.input
            assert (f"{AT}/samples/train_audit.json" in job.input) == (folder == "samples")
            assert f"{AT}/sequences/valid.parquet" in job.input


def test_popularity_counts_the_training_split_alone(jobs: list[Job]) -> None:
    """Of the sequences it reads those for training; interactions are for the mask, and both audits come first."""
    (job,) = of(jobs, "rank_popularity")
    names = ("split_audit.json", "samples/test_audit.json", "sequences/train.parquet", "samples/test.parquet")
    assert {*job.input} == {f"{AT}/{name}" for name in (*names, "interactions.parquet", "catalogue.parquet")}


def test_embeddings_of_histories_are_grounded_like_texts(jobs: list[Job]) -> None:
    """By the rule, the code and the slice of generated titles."""
    made = {name for job in of(jobs, "embed_histories") for name in job.output}
    assert made == {f"{AT}/{key}/test.embeddings.npy" for key in KEYS[1:3]}
    assert {name for job in of(jobs, "ground_predictions") for name in job.input if "embeddings" in name} == made


def test_only_ranking_reads_test_rows(jobs: list[Job]) -> None:
    """No training and no choice of these rows; histories of test rows are read to rank their targets."""
    readers = {job.rule for job in jobs if any(name.endswith("samples/test.parquet") for name in job.input)}
    assert readers == {"rank_popularity", "embed_histories", "ground_predictions", "rank_sequential", "audit_sample"}


def test_settings_are_those_of_sasrec(config: dict[str, Any]) -> None:
    """But for the name in logs, the loss, and the patience over few rows: candidates and epochs have one place."""
    of_row = {key: json.loads(Slices(config).fit_sequential(BY_KEY[key], "seed=2")) for key in ("sasrec", *KEYS[3:])}
    methods = [of_row[key].pop("method") for key in of_row]
    names = [of_row[key]["fit"].pop("model") for key in of_row]
    assert methods == ["sasrec", "sasrec", "full_softmax"]
    patience = [of_row[key]["fit"].pop("patience") for key in of_row]
    assert patience == [50, 500, 50], "epochs over few rows are short"
    assert names == ["SASRec", "SASRec (LLM's rows)", "SASRec (full softmax)"]
    assert of_row["sasrec"] == of_row["sasrec-rows"] == of_row["sasrec-full-softmax"]


def test_a_row_says_what_beating_it_would_mean(config: dict[str, Any]) -> None:
    """All five are bounds, below the paper's rows in the paper's order, and no row of the paper's tests."""
    config["methods"] = [*reversed(KEYS), "bigrec-soft"]
    assert [row.key for row in grid.rows(config)] == ["bigrec-soft", *KEYS]
    assert [row.key for row in grid.paper_rows(config)] == ["bigrec-soft"]
    assert all(row.family == "bound" and row.meaning.endswith(".") for row in grid.rows(config)[1:])
    assert not [row.key for row in grid.ROWS if "equal" in row.meaning]


def test_a_sample_is_estimated_by_its_rows(config: dict[str, Any]) -> None:
    """Game: 4,096 rows are 16 steps of 8 ms + 0.18 us an item, and 7,992.8 validation rows, in all 500 epochs.

    The loss over all items is trained on a GPU, like DROS, for 250 epochs of 249.77 steps of 10 ms.
    """
    place = "results/x/benchmarks/game/a/fit.tsv"
    rows, full = (Left(rule, place) for rule in ("fit_sasrec_rows", "fit_sasrec_full_softmax"))
    step, row = 8e-3 + 5335 * 1.8e-7, 1e-4 + 5335 * 4e-9
    assert estimate.seconds(rows, config) == pytest.approx(500 * (16 * step + 7_992.8 * row))
    assert estimate.seconds(full, config) == pytest.approx(250 * (63_942 / 256 * 10e-3 + 7_992.8 * 1e-4))


@pytest.fixture
def config(checked: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """The paper's configuration."""
    return checked("paper")
