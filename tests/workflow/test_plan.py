"""The echo at the start of a run."""

from lib.console.plan import engine, plan
from lib.graph import grid

CONFIG = {
    "run": "demo",
    "seeds": [1, 2],
    "methods": ["sasrec", "bigrec-soft"],
    "datasets": {"ml100k": {"label": "ML-100K", "llm": "tiny"}, "Game": {"label": "Game", "llm": "llama"}},
    "soft": {"alphas": [0.1, 10]},
    "engine": {"kind": "deepspeed", "zero_stage": 2, "ranks": 4, "nodes": 1},
}


def test_a_plan_says_what_will_be_computed() -> None:
    """Data sets with their base models, rows in the table's order, seeds, alphas, jobs."""
    assert plan(CONFIG, grid.rows(CONFIG), 1234).splitlines() == [
        "softrec computes",
        "  results   results/demo/",
        "  data sets ML-100K (ml100k) with tiny, Game with llama",
        "  rows      SASRec, BIGRec SOFT",
        "  seeds     1, 2",
        "  alphas    0.1, 10",
        "  engine    deepspeed, ZeRO-2, 4 ranks",
        "  jobs      1,234",
    ]


def test_the_engine_in_a_few_words() -> None:
    """Plain torch has no ZeRO stage; one node goes without saying."""
    assert engine({"engine": {"kind": "torch", "zero_stage": 2, "ranks": 1, "nodes": 1}}) == "torch, 1 rank"
    several = {"kind": "deepspeed", "zero_stage": 1, "ranks": 8, "nodes": 2}
    assert engine({"engine": several}) == "deepspeed, ZeRO-1, 8 ranks on 2 nodes"


def test_what_has_no_meaning_is_left_out() -> None:
    """Without a row of SOFT there is no alpha; the number of jobs is not always known."""
    text = plan({**CONFIG, "methods": ["sasrec"]}, grid.rows({"methods": ["sasrec"]}))
    assert "alphas" not in text
    assert "jobs" not in text


def test_a_long_plan_fits_eighty_columns() -> None:
    """Twelve rows, forty seeds, and a data set with a long name."""
    long = {"a-data-set-" * 12: {"label": "A data set of many words", "llm": "tiny"}}
    config = {**CONFIG, "seeds": list(range(40)), "datasets": long}
    text = plan(config, grid.ROWS, 10**6)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "LLaRA SOFT(w/o SA)" in " ".join(text.split())
