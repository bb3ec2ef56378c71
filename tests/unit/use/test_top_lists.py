"""Lists of titles: by brute force, with ties, and by an independent tool for metrics."""

from pathlib import Path
from typing import NamedTuple

import ir_measures
import numpy as np
import pytest
import torch

from common.errors import SoftrecError
from softrec.evaluation import metrics
from softrec.evaluation.grounding import Grounding, GroundingSettings
from softrec.evaluation.ranking import RANK_TYPES, Ranks
from softrec.io import tables
from softrec.sequential.encoder import Encoder, save
from softrec.sequential.ranking import Protocol, RankSettings, rank_windows
from softrec.sequential.windows import Windows
from softrec.splits.samples import Items
from softrec.splits.seen_items import SeenItems
from softrec.use import top_lists, top_scores, top_titles
from softrec.use.top_titles import Top

ITEMS, ROWS, K = 30, 40, 8
# Two items share each of five titles: 25 distinct titles.
TITLE_ID = np.concatenate([[-1], np.arange(25), np.arange(5)])
USERS, LENGTH = 10, 12


class Shop(NamedTuple):
    """Rows of users whose interactions are random items."""

    items: Items
    seen: SeenItems
    rows: dict[str, list]


@pytest.fixture
def shop() -> Shop:
    """Ten users with twelve items each; the rows' targets are any items, seen ones among them."""
    rng = np.random.default_rng(3)
    titles = ["", *(f"title {own}" for own in TITLE_ID[1:])]
    items = Items(titles, TITLE_ID, [f"title {own}" for own in range(25)])
    had = np.stack([rng.permutation(ITEMS)[:LENGTH] + 1 for _ in range(USERS)])
    user = rng.integers(1, USERS + 1, ROWS)
    position = rng.integers(1, LENGTH + 1, ROWS)
    history = [had[u - 1, :p].tolist()[-5:] for u, p in zip(user, position, strict=True)]
    target = rng.integers(1, ITEMS + 1, ROWS)
    rows = {"user": user.tolist(), "position": position.tolist(), "history": history, "target": target.tolist()}
    return Shop(items, SeenItems(np.repeat(np.arange(1, USERS + 1), LENGTH), had.ravel()), rows)


def write_ranks(path: Path, shop: Shop, ranks: Ranks) -> None:
    """The file of ranks that a rule would write."""
    own = {"row": range(ROWS), "user": shop.rows["user"], "target": shop.rows["target"], "paper": [True] * ROWS}
    tables.write_table(path, {**own, **ranks._asdict()}, RANK_TYPES)


def written(folder: Path, shop: Shop, tops: list[Top], ranks: Ranks) -> top_lists.Lists:
    """The three files of lists."""
    catalogue = {"item": range(1, ITEMS + 1), "source_id": [f"B{i:03d}" for i in range(1, ITEMS + 1)]}
    catalogue |= {"title": shop.items.title[1:], "category": [None] * ITEMS, "title_id": TITLE_ID[1:]}
    tables.write_table(folder / "catalogue.parquet", catalogue, tables.types(*catalogue))
    write_ranks(folder / "ranks.parquet", shop, ranks)
    lists = top_lists.Lists(folder / "a.run", folder / "a.qrels", folder / "a.tsv")
    top_lists.check_and_write(tops, shop.items, folder / "catalogue.parquet", folder / "ranks.parquet", lists)
    return lists


def require_metrics(lists: top_lists.Lists, ranks: Ranks) -> None:
    """Success@k and nDCG@k of ir-measures are H@k and NG@k of our ranks, for every k up to K."""
    run, qrels = ir_measures.read_trec_run(str(lists.run)), ir_measures.read_trec_qrels(str(lists.qrels))
    cutoffs = [1, 3, 5, K]
    wanted = metrics.summary(ranks.rank, cutoffs)
    measures = [measure for k in cutoffs for measure in (ir_measures.Success @ k, ir_measures.nDCG @ k)]
    found = ir_measures.calc_aggregate(measures, list(qrels), list(run))
    assert [found[measure] for measure in measures] == pytest.approx(list(wanted.values()), abs=1e-12)
    assert 0 < wanted[f"H@{K}"] < 1


@pytest.mark.parametrize("kinds", [25, 4, 1], ids=["all different", "many ties", "all equal"])
def test_lists_of_distances_give_the_metrics_of_the_ranks(tmp_path: Path, shop: Shop, kinds: int) -> None:
    """Titles that share an embedding tie exactly. With one embedding only the seeded order decides."""
    rng = np.random.default_rng(5)
    titles = rng.normal(size=(kinds, 6)).astype(np.float32)[np.arange(25) % kinds]
    z = rng.normal(size=(ROWS, 6)).astype(np.float32)
    grounding = Grounding(titles, TITLE_ID, shop.seen, GroundingSettings("seen", 42))
    ranks = grounding.rank(z, shop.rows)
    assert (ranks.ties > 0).any() == (kinds < 25)
    each = zip(shop.rows["user"], shop.rows["position"], shop.rows["history"], shop.rows["target"], strict=True)
    gone = [np.setdiff1d(grounding.candidates.excluded(u, p, h), TITLE_ID[y]) for u, p, h, y in each]
    tops = top_titles.nearest_titles(grounding, z, gone, K)
    require_metrics(written(tmp_path, shop, tops, ranks), ranks)
    for row, (top, out) in enumerate(zip(tops, gone, strict=True)):
        distance = np.linalg.norm(titles.astype(np.float64) - z[row], axis=1)
        left = sorted(set(range(25)) - set(out.tolist()), key=lambda t: (distance[t], grounding.candidates.order[t]))
        assert top.title.tolist() == left[:K]
        assert top.value == pytest.approx(distance[left[:K]], rel=1e-12)


@pytest.mark.parametrize("flat", [False, True], ids=["scores", "all equal"])
def test_lists_of_scores_give_the_metrics_of_the_ranks(tmp_path: Path, shop: Shop, flat: bool) -> None:
    """SASRec with random weights; with an output layer of zeros all scores are equal, and the seeded order decides."""
    settings = RankSettings(8, 1, 1, 5, 0.0, "seen", 42)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = Encoder(ITEMS, settings)
    if flat:
        torch.nn.init.zeros_(model.output.weight)
        torch.nn.init.zeros_(model.output.bias)
    save(model, tmp_path / "model.safetensors")
    item = np.zeros((ROWS, 5), np.int64)
    for row, history in enumerate(shop.rows["history"]):
        item[row, : len(history)] = history
    length = np.array([len(history) for history in shop.rows["history"]])
    windows = Windows(item, length, *(np.array(shop.rows[name]) for name in ("target", "user", "position")))
    protocol = Protocol(ITEMS, shop.seen, "seen", 42, TITLE_ID)
    ranks = rank_windows(model, windows, protocol)
    tops = top_scores.best_titles(model, tmp_path / "model.safetensors", windows, protocol, K)
    require_metrics(written(tmp_path, shop, tops, ranks), ranks)
    assert all((np.diff(top.value) <= 0).all() for top in tops)


def test_a_title_is_named_by_its_first_item(tmp_path: Path, shop: Shop) -> None:
    """Title 0 is that of items 1 and 26: B001 in the list and in the qrels, whichever of them is the target."""
    shop.rows["target"][:] = [26] * ROWS
    tops = [Top(np.array([3, 0]), np.array([2.5, 0.1]))] * ROWS
    lists = written(tmp_path, shop, tops, Ranks(np.full(ROWS, 1), np.full(ROWS, 25), np.zeros(ROWS, int)))
    assert lists.run.read_text().splitlines()[:2] == ["0 Q0 B004 1 2 softrec", "0 Q0 B001 2 1 softrec"]
    assert lists.qrels.read_text().splitlines()[0] == "0 0 B001 1"
    header, first, second = lists.table.read_text().splitlines()[:3]
    assert header == "row\tuser_id\titem_id\trank\tscore"
    assert first == f"0\t{shop.rows['user'][0]}\tB004\t1\t2.5"
    assert second == f"0\t{shop.rows['user'][0]}\tB001\t2\t0.1"


@pytest.mark.parametrize(("rank", "shown"), [(0, "at place 1"), (5, "at place 1")])
def test_lists_that_disagree_with_the_ranks_are_not_written(tmp_path: Path, shop: Shop, rank: int, shown: str) -> None:
    """A ranking on another device may differ by rounding: then there are no files."""
    shop.rows["target"][:] = [26] * ROWS
    tops = [Top(np.array([3, 0]), np.array([2.5, 0.1]))] * ROWS
    with pytest.raises(SoftrecError, match=f"the target of row 0 has rank {rank} in .* but is {shown} in the list"):
        written(tmp_path, shop, tops, Ranks(np.full(ROWS, rank), np.full(ROWS, 25), np.zeros(ROWS, int)))
    assert not list(tmp_path.glob("a.*"))


def test_more_titles_than_there_are_candidates_is_an_error(shop: Shop) -> None:
    """25 titles, of which three are out: 23 cannot be listed."""
    grounding = Grounding(np.eye(25, dtype=np.float32), TITLE_ID, shop.seen, GroundingSettings("seen", 42))
    with pytest.raises(SoftrecError, match="row 0 has only 22 titles to rank, but 23 are required"):
        top_titles.nearest_titles(grounding, np.zeros((1, 25), np.float32), [np.array([1, 2, 3])], 23)
