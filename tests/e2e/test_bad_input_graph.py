"""Bad input, seen by who runs the graph: a clear sentence on the terminal, exit status 1, nothing half-written."""

import gzip
import json
import re

import numpy as np
import pytest

from toy_project import Project

CONFIG = "config/toy.yaml"


def left(project: Project) -> list[str]:
    """The files of a run that are neither logs nor benchmarks."""
    results = project.root / "results/toy"
    files = (path.relative_to(results) for path in results.rglob("*") if path.is_file())
    return sorted(str(path) for path in files if path.parts[0] not in ("logs", "benchmarks"))


def cut_gzip(project: Project) -> None:
    """Two thirds of a gzipped file of reviews."""
    reviews = project.root / "shop/Toys.jsonl"
    whole = gzip.compress(reviews.read_bytes(), mtime=0)
    reviews.write_bytes(whole[: len(whole) * 2 // 3])


def no_json(project: Project) -> None:
    """The second review is cut short."""
    reviews = project.root / "shop/Toys.jsonl"
    first, second, *others = reviews.read_text().splitlines()
    reviews.write_text("\n".join([first, second[:50], *others]) + "\n")


def empty_core(project: Project) -> None:
    """Nobody bought a hundred toys."""
    project.edit(CONFIG, "k: 10", "k: 100")


@pytest.mark.parametrize(
    ("spoil", "sentences"),
    [
        (cut_gzip, ["error: shop/Toys.jsonl is a damaged gzip file", "remedy: the download was probably cut short"]),
        (no_json, ["shop/Toys.jsonl, line 2"]),
        (
            empty_core,
            ["error: nothing is left after the step '100-core'", "it had 68 users, 40 items, 912 interactions"],
        ),
    ],
)
def test_reviews_that_cannot_be_used(fresh: Project, spoil: object, sentences: list[str]) -> None:
    """The first job fails and says why; its rule is named with its log; nothing is left."""
    spoil(fresh)
    said = fresh.snakemake(returns=1)
    log = "results/toy/logs/toys/filter_interactions.log"
    assert f"filter_interactions failed; the end of {log}:\n    error: " in said
    assert [sentence for sentence in sentences if sentence not in said] == []
    assert "Traceback" not in said
    assert "--settings" not in said, "the command, a screenful, hides what is wrong"
    assert left(fresh) == []


def test_a_typo_in_the_configuration(fresh: Project) -> None:
    """Before anything runs: the key's place, and what was meant."""
    fresh.edit(CONFIG, "  dim: 16", "  dmi: 16")
    said = fresh.snakemake(returns=1)
    assert "sasrec.dmi" in said
    assert "did you mean 'dim'?" in said
    assert "Traceback" not in said
    assert not (fresh.root / "results").exists()


def test_a_label_that_does_not_fit_the_context(fresh: Project) -> None:
    """Titles of 600 words for three items in four: old history is left out, and counted; a label never is."""
    metadata = fresh.root / "shop/meta_Toys.jsonl"
    items = [json.loads(line) for line in metadata.read_text().splitlines()]
    for item in items[:30]:
        words = np.random.default_rng(len(item["title"])).integers(10**6, size=600)
        item["title"] = f"{item['title']} {' '.join(map(str, words))}"  # no two alike: no token can hold many
    metadata.write_text("".join(json.dumps(item) + "\n" for item in items))
    fresh.edit(CONFIG, "steps: 200", "steps: 2")
    said = fresh.snakemake("--", "results/toy/toys/bigrec/sft/seed=1/adapter", returns=1)
    assert "tune_sft failed; the end of results/toy/logs/toys/bigrec/sft/seed=1/tune.log:" in said
    assert "of 48 prompts lost their oldest history" in said
    assert "the language model's context is 512" in said
    assert "title_words" in said
    assert "Traceback" not in said
    assert not [name for name in left(fresh) if "/sft/" in name]


def test_a_long_history_loses_its_oldest_items(copied: Project) -> None:
    """With room for few titles, prompts that had more are shortened, counted, and still answered."""
    copied.edit(CONFIG, "max_tokens: 320", "max_tokens: 64")
    copied.snakemake("--", "results/toy/toys/bigrec/initial_distance.json")
    log = copied.root / "results/toy/logs/toys/bigrec/measure_initial_distance.log"
    count = re.search(r"(\d+) of 16 prompts lost their oldest history to the limit of 40 tokens\n", log.read_text())
    assert count
    assert 0 < int(count[1]) <= 16
    assert json.loads((copied.toys / "bigrec/initial_distance.json").read_text())["d_0"] > 0
