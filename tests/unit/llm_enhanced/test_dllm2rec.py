"""DLLM2Rec: each importance by hand, the loss of taught rows alone, and SASRec where nothing is distilled."""

import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circle_of_items import ITEMS, SETTINGS, cycle, trainer
from common.errors import SoftrecError
from softrec.data import catalogue
from softrec.io.arrays import write_array
from softrec.io.checkpoints import Checkpoint
from softrec.io.tables import write_table
from softrec.llm_enhanced import dllm2rec, teacher, title_vectors
from softrec.llm_enhanced.dllm2rec import (
    DistillationSettings,
    Dllm2rec,
    Teacher,
    confidence_importance,
    position_importance,
    top_items,
    unseen_negatives,
)
from softrec.sequential.encoder import Encoder
from softrec.sequential.sasrec import Batch, Sasrec
from softrec.sequential.windows import Windows

DISTILLATION = DistillationSettings(0.7, 0.3, 1.0, 0.3, 0.5, 0.1)
NOTHING = replace(DISTILLATION, lam=0.0, ed_weight=0.0)
ROWS = 400


def told(place: np.ndarray | None = None) -> Teacher:
    """A teacher of every second training row: it names items 1, 2, 3 at distances 2, 4, 6."""
    rng = np.random.default_rng(0)
    titles = rng.normal(size=(ITEMS + 1, 5)).astype(np.float32)
    titles[0] = 0
    spoken = np.where(np.arange(ROWS) % 2 == 0, np.arange(ROWS) // 2, -1) if place is None else place
    n = int(spoken.max()) + 1
    return Teacher(titles, spoken, np.tile([1, 2, 3], (n, 1)), np.tile([2.0, 4.0, 6.0], (n, 1)))


def test_position_importance() -> None:
    """exp(-1), exp(-2) over their sum are e / (e + 1) and 1 / (e + 1)."""
    assert position_importance(2, 1.0).tolist() == pytest.approx([math.e / (math.e + 1), 1 / (math.e + 1)])


def test_confidence_importance_scales_each_row() -> None:
    """Distances 20, 30, 40 become 0, 1/2, 1, and so do 1, 2, 3; equal distances are equally important."""
    weight = np.exp([0, -0.5, -1.0]) / np.exp([0, -0.5, -1.0]).sum()
    found = confidence_importance(np.array([[20.0, 30.0, 40.0], [1.0, 2.0, 3.0], [5.0, 5.0, 5.0]]))
    assert found[0] == pytest.approx(weight, abs=1e-7)
    assert found[1] == pytest.approx(weight, abs=1e-7)
    assert found[2] == pytest.approx([1 / 3] * 3)


def model_with_scores(scores: list[float]) -> Encoder:
    """An encoder that scores its items so, whatever the state: output weights 0, biases as given."""
    model = Encoder(len(scores), SETTINGS)
    with torch.no_grad():
        model.output.weight.zero_()
        model.output.bias.copy_(torch.tensor(scores))
    return model


def test_importance_adds_consistency_and_sums_to_one() -> None:
    """K = 3 of 20 items: the student ranks items 2, 3 and 20 highest, so 2 and 3 of the teacher's are consistent."""
    scores = [0.0] * ITEMS
    scores[1], scores[2], scores[19] = 3.0, 2.0, 1.0
    method = Dllm2rec(DISTILLATION, told(), 3)
    weight = method.importance(model_with_scores(scores), torch.zeros(1, SETTINGS.dim), torch.tensor([0]))[0]
    raw = 0.3 * position_importance(3, 1.0) + 0.5 * confidence_importance(np.array([[2.0, 4.0, 6.0]]))[0]
    raw = raw + 0.1 * np.array([0, 1, 1])
    assert weight.tolist() == pytest.approx((raw / raw.sum()).tolist())


def test_only_rows_that_were_spoken_to_are_distilled() -> None:
    """All scores 0: each taught row costs sum_r w_r (ln 2 + ln 2) = 2 ln 2, others nothing; the mean is over all rows.

    Cross-entropy of scores 0 is ln 2. Two of four rows are taught: L = ln 2 + 0.7 * (2 * 2 ln 2) / 4 = 1.7 ln 2.
    """
    method = Dllm2rec(DISTILLATION, told(np.array([0, -1, 1, -1])), 3)
    model = method.build(ITEMS, cycle(4), SETTINGS)
    with torch.no_grad():
        model.output.weight.zero_()
        model.output.bias.zero_()
    rows = torch.arange(4)
    batch = Batch(rows, torch.ones(4, 1, dtype=torch.long), torch.ones(4, dtype=torch.long), rows + 2, rows + 6)
    assert method.loss(model.eval(), batch).item() == pytest.approx(1.7 * math.log(2))


class OtherNegatives(Sasrec):
    """SASRec whose negatives are DLLM2Rec's."""

    def negatives(self, rng: np.random.Generator, windows: Windows, items: int, size: int) -> Iterable[torch.Tensor]:
        """Neither the target nor an item of the window."""
        return torch.from_numpy(unseen_negatives(rng, windows, items)).split(size)


def test_nothing_distilled_is_sasrec_with_its_negatives_bit_for_bit(tmp_path: Path) -> None:
    """Both weights zero: the weights after training of SASRec with the same negatives, and its layers when saved."""
    plain = trainer(method=OtherNegatives())
    plain.fit(Checkpoint(tmp_path / "plain", "key"))
    method = Dllm2rec(NOTHING, told(), SETTINGS.seed)
    one = trainer(method=method)
    one.fit(Checkpoint(tmp_path / "one", "key"))
    saved = method.finished(one.model).state_dict()
    assert list(saved) == list(plain.model.state_dict())
    assert all(torch.equal(saved[key], weight) for key, weight in plain.model.state_dict().items())


def windows_of(histories: list[list[int]], target: list[int], rows: int) -> Windows:
    """Each history, padded to the longest, with its target, `rows` times."""
    width = max(map(len, histories))
    item = np.repeat([history + [0] * (width - len(history)) for history in histories], rows, axis=0)
    length = np.repeat([len(history) for history in histories], rows)
    return Windows(item, length, np.repeat(target, rows), np.ones_like(length), length)


def test_negatives_are_uniform_over_what_is_left() -> None:
    """Of 1..6: window 2, 5 and target 3 leave 1, 4, 6; window 6, 1, 6 and target 1 leave 2, 3, 4, 5.

    60,000 draws each: counts within 5 standard deviations of 20,000 (115 each) and of 15,000 (106).
    """
    negative = unseen_negatives(np.random.default_rng(4), windows_of([[2, 5], [6, 1, 6]], [3, 1], 60_000), 6)
    first, second = (np.bincount(part, minlength=7) for part in np.split(negative, 2))
    assert np.flatnonzero(first).tolist() == [1, 4, 6]
    assert np.abs(first[[1, 4, 6]] - 20_000).max() < 5 * 115.5
    assert np.flatnonzero(second).tolist() == [2, 3, 4, 5]
    assert np.abs(second[2:6] - 15_000).max() < 5 * 106.1


@given(st.integers(0, 10_000), st.integers(4, 12))
def test_negatives_are_in_neither_window_nor_target(seed: int, items: int) -> None:
    """Any windows with one item or more left, padded or not, repeats among them; the input is left as it was."""
    rng = np.random.default_rng(seed)
    item = rng.integers(0, items + 1, size=(50, 2))
    windows = Windows(np.sort(item)[:, ::-1].copy(), *(rng.integers(1, items + 1, size=50) for _ in range(4)))
    before = windows.item.copy()
    negative = unseen_negatives(rng, windows, items)
    assert ((negative >= 1) & (negative <= items) & (negative != windows.target)).all()
    assert not (negative[:, None] == windows.item).any()
    assert (windows.item == before).all()


def test_a_window_that_leaves_nothing_is_refused() -> None:
    """Items 1 and 2 in the window, 3 the target, of three."""
    with pytest.raises(SoftrecError, match="user 1 cover all 3 items: no negative is left"):
        unseen_negatives(np.random.default_rng(0), windows_of([[1, 2]], [3], 1), 3)


@pytest.mark.parametrize(("k", "block"), [(1, 1), (3, 2), (3, 7), (5, 3), (50, 4), (3, 100)])
def test_top_items_in_blocks_are_those_of_a_sort(k: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 20 items with distinct scores: the first K of a sort, in its order, whatever the blocks."""
    monkeypatch.setattr(dllm2rec, "ITEMS_AT_ONCE", block)
    torch.manual_seed(1)
    model, state = Encoder(ITEMS, SETTINGS).double(), torch.randn(9, SETTINGS.dim, dtype=torch.float64)
    with torch.no_grad():
        expected = (-model.score_all(state)).argsort(dim=1)[:, :k] + 1
        assert torch.equal(top_items(model, state, k), expected)


def test_the_saved_encoder_scores_as_the_distilled_one() -> None:
    """e_i + w_ed W z_i is folded into the item embedding; padding stays zero."""
    method = Dllm2rec(DISTILLATION, told(), 3)
    model = method.build(ITEMS, cycle(ROWS), SETTINGS).eval()
    windows = cycle(ROWS)
    window, length = torch.from_numpy(windows.item), torch.from_numpy(windows.length)
    with torch.no_grad():
        expected = model.score_all(model(window, length))
        saved = method.finished(model).state_dict()
        ranker = Encoder(ITEMS, SETTINGS).eval()
        ranker.load_state_dict(saved)
        assert torch.allclose(ranker.score_all(ranker(window, length)), expected, atol=1e-6)
    assert not saved["item.weight"][0].any()


def test_titles_go_where_the_model_goes_and_are_not_saved() -> None:
    """Onto torch's device without data and into no file."""
    model = Dllm2rec(DISTILLATION, told(), 3).build(ITEMS, cycle(ROWS), SETTINGS).to("meta")
    assert model.titles.device.type == "meta"
    assert "titles" not in model.state_dict()


def write_rows(path: Path, keys: list[tuple[int, int]]) -> Path:
    """Rows known by user and position."""
    users, positions = zip(*keys, strict=True)
    write_table(path, {"user": users, "position": positions}, {"user": "int32", "position": "int32"})
    return path


def test_sampled_rows_are_found_among_the_training_rows(tmp_path: Path) -> None:
    """The sample holds training rows 3 and 1, in that order."""
    train = write_rows(tmp_path / "train.parquet", [(1, 1), (1, 2), (2, 1), (7, 1)])
    sample = write_rows(tmp_path / "sample.parquet", [(7, 1), (1, 2)])
    assert teacher.places(train, sample).tolist() == [-1, 1, -1, 0]


def test_a_sample_of_another_split_is_refused(tmp_path: Path) -> None:
    """User 2 has no second row in the training split."""
    train = write_rows(tmp_path / "train.parquet", [(1, 1), (2, 1)])
    sample = write_rows(tmp_path / "sample.parquet", [(1, 1), (2, 2)])
    with pytest.raises(SoftrecError, match=r"row 1 of .*sample.parquet is not in"):
        teacher.places(train, sample)


def test_items_have_their_titles_embedding(tmp_path: Path) -> None:
    """Items 1 and 3 share title 0, item 2 has title 1; padding is zero."""
    columns = {
        "item": [1, 2, 3],
        "source_id": ["a", "b", "c"],
        "title": ["A", "B", "A"],
        "category": [None] * 3,
        "title_id": [0, 1, 0],
    }
    write_table(tmp_path / "catalogue.parquet", columns, catalogue.TYPES)
    write_array(tmp_path / "titles.npy", np.array([[1.0, 2.0], [3.0, 4.0]], np.float32))
    z = title_vectors.item_titles(tmp_path / "catalogue.parquet", tmp_path / "titles.npy")
    assert z.tolist() == [[0, 0], [1, 2], [3, 4], [1, 2]]
