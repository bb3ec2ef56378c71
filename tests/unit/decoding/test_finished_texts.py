"""A generation that was killed goes on after its last finished batch, and says the same."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from softrec.decoding import generation
from softrec.decoding.finished_texts import GenerationCheckpoint
from softrec.decoding.generation import Generated, GenerationSettings, generate
from softrec.llm.language_model import LanguageModel

PROMPTS = [[1, 20, 30, 40, 50, 60], [1, 25, 35], [1, 70, 80, 90, 33], [1, 44], [1, 71, 81]]
SETTINGS = GenerationSettings(2, 8, 2)


class KilledError(Exception):
    """Instead of a signal."""


def run(
    llm: LanguageModel, kept: GenerationCheckpoint, monkeypatch: pytest.MonkeyPatch, most: int
) -> Sequence[Generated]:
    """Generate, and be killed when `most` batches have been run; their number is noted in `ran`."""
    search, ran = generation.search, []

    def counting(*arguments: object) -> object:
        if len(ran) == most:
            raise KilledError
        ran.append(1)
        return search(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(generation, "search", counting)
        try:
            return generate(llm, PROMPTS, SETTINGS, "test", kept)
        finally:
            kept.ran = len(ran)  # type: ignore[attr-defined]


def test_each_batch_is_run_once(llm: LanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five prompts in batches of two are three; killed after each. A half line is as good as none."""
    expected = generate(llm, PROMPTS, SETTINGS)
    for _ in range(2):
        kept = GenerationCheckpoint(tmp_path / "answers.parquet", "k" * 64)
        with pytest.raises(KilledError):
            run(llm, kept, monkeypatch, 1)
        [file] = kept.paths()
        with file.open("a") as stream:
            stream.write('{"rows": [0')
    kept = GenerationCheckpoint(tmp_path / "answers.parquet", "k" * 64)
    before = kept.seconds()
    assert run(llm, kept, monkeypatch, 3) == expected
    assert kept.ran == 1  # type: ignore[attr-defined]
    assert 0 < before < kept.seconds()
    kept.clear()
    assert list(tmp_path.iterdir()) == []


def test_other_settings_begin_anew(llm: LanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is another one; so is the file."""
    run(llm, GenerationCheckpoint(tmp_path / "answers.parquet", "a" * 64), monkeypatch, 3)
    other = GenerationCheckpoint(tmp_path / "answers.parquet", "b" * 64)
    assert other.load() == []
    run(llm, other, monkeypatch, 3)
    assert other.ran == 3  # type: ignore[attr-defined]


def test_batches_of_several_ranks_are_found_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whatever number of ranks they were answered; seconds are those of the rank that worked longest."""
    kept = GenerationCheckpoint(tmp_path / "x", "k" * 64)
    for rank, batches in enumerate([[[0, 1], [4]], [[2, 3], [4]]]):
        monkeypatch.setattr("softrec.decoding.finished_texts.rank", lambda rank=rank: rank)
        for rows in batches:
            kept.add(rows, ["\u2028é"] * len(rows), [True] * len(rows), [-0.5] * len(rows))
    assert sorted(batch.rows for batch in kept.load()) == [[0, 1], [2, 3], [4]]
    assert {text for batch in kept.load() for text in batch.texts} == {"\u2028é"}
