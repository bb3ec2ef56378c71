"""SASRec beside RecBole's: an epoch of training, and all-ranking of all users, on the same windows."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import Measured, MismatchError, Row, median, versus

if TYPE_CHECKING:
    import numpy as np

    from softrec.sequential.windows import Windows

USERS, ITEMS, LONGEST, BATCH = 11_658, 5_335, 10, 256
SHAPES = {blocks: {"dim": 64, "blocks": blocks, "heads": blocks, "dropout": 0.1} for blocks in (1, 2)}
SHARED = 500  # users whose scores by our model are ranked by RecBole too

TITLE = f"SASRec, {USERS:,} users, {ITEMS:,} items, width 64, histories of {LONGEST}, batch {BATCH}"
SIDES = [f"{who}_{what}_{blocks}" for blocks in SHAPES for what in ("epoch", "ranking") for who in ("ours", "recbole")]
PYTHON = {side: ".venv/recbole/bin/python" for side in SIDES if side.startswith("recbole")}
PAIRS = 3
# Where RecBole has an option it is given ours: width 64 inside, ReLU, dropout 0.1, N(0, 0.01), one uniform negative.
DIFFERENCES = {
    "epoch": "RecBole: BPR, one item table for input and output, all positions of all layers, an output projection "
    "after attention. Ours: binary cross-entropy, two item tables, of the last layer the last position alone",
    "ranking": "RecBole: float32, the first 20 items, a sequential model's history is not masked. Ours: float64, the "
    "target's rank, history masked",
}


def prepare(folder: Path) -> None:
    """Interactions of the size of the paper's Games (16.8 a user), for RecBole as they are, for us as sequences.

    A user's last item is the test target and the one before it validation's; each earlier one but the first is a
    training target: what RecBole makes of a user by itself.
    """
    import numpy as np

    from softrec.io import tables
    from softrec.splits import sequences

    user, item = interactions(np.random.default_rng(5))
    time = np.arange(len(user))
    lines = (f"{u}\t{i}\t{t}\n" for u, i, t in zip(user, item, time, strict=True))
    for name in ("games", *map(str, SHAPES)):
        (folder / name).mkdir()
    np.save(folder / "interactions.npy", np.stack([user, item]))
    (folder / "games" / "games.inter").write_text("user_id:token\titem_id:token\ttimestamp:float\n" + "".join(lines))
    tables.write_table(
        folder / "interactions.parquet", {"user": user, "item": item}, {"user": "int32", "item": "int32"}
    )
    titles = {"item": range(1, ITEMS + 1), "title": [f"title {i}" for i in range(ITEMS)], "title_id": range(ITEMS)}
    tables.write_table(folder / "catalogue.parquet", titles, tables.types(*titles))
    start = np.searchsorted(user, user)
    position, left = time - start, np.searchsorted(user, user, side="right") - time
    for name, chosen in (("train", (position > 0) & (left > 2)), ("test", left == 1)):
        row = np.flatnonzero(chosen)
        found = sequences.Windows(user[row], row, position[row], np.minimum(position[row], LONGEST))
        tables.write_table(folder / f"{name}.parquet", sequences.columns(found, item, time), sequences.TYPES)


def interactions(rng: "np.random.Generator") -> tuple["np.ndarray", "np.ndarray"]:
    """Users, each with ten items and more, none twice, some items far more often than others."""
    import numpy as np

    count = 9 + rng.geometric(1 / 7.85, size=USERS)
    popularity = -0.5 * np.log(np.arange(ITEMS) + 50.0)
    items = []
    for many in np.array_split(count, 50):
        order = np.argpartition(-(popularity + rng.gumbel(size=(len(many), ITEMS))), range(count.max()), axis=1)
        items += [row[:some] + 1 for row, some in zip(order, many, strict=True)]
    return np.repeat(np.arange(1, USERS + 1), count), np.concatenate(items)


class Ours:
    """The project's trainer and what it ranks with, on the sequences in `folder`; the model is SASRec."""

    def __init__(self, shape: dict[str, Any], folder: Path) -> None:
        from softrec.sequential import ranking, sasrec, windows
        from softrec.sequential.trainer import FitSettings, Trainer

        self.protocol = ranking.read_protocol(folder / "catalogue.parquet", folder / "interactions.parquet", "seen", 1)
        train, test = (windows.read_windows(folder / f"{name}.parquet", ITEMS, LONGEST) for name in ("train", "test"))
        settings = FitSettings(
            **shape, length=LONGEST, model="SASRec", seed=1, learning_rate=1e-3, batch_size=BATCH, epochs=1, patience=1,
            metric="NG@20", cutoffs=[5, 20], mask="seen", tie_seed=1,
        )  # fmt: skip
        self.trainer = Trainer(train, test, self.protocol, settings, sasrec.Sasrec(), l2=0.0)


def ours_epoch(blocks: int, folder: Path) -> Iterator[dict[str, float] | None]:
    """One epoch of training."""
    trainer = Ours(SHAPES[blocks], folder).trainer
    yield None
    loss = trainer.train_epoch(1)
    yield {"loss": loss, "targets": len(trainer.train.target)}
    save(trainer.train, folder / str(blocks) / "ours_train.npy")


def ours_ranking(blocks: int, folder: Path) -> Iterator[None]:
    """Every user's last item ranked among the items that the user had not seen."""
    import numpy as np
    import torch

    from softrec.sequential import ranking

    ours = Ours(SHAPES[blocks], folder)
    model, test = ours.trainer.model, ours.trainer.valid
    yield None
    ranks = ranking.rank_windows(model, test, ours.protocol)
    yield None
    out, some = folder / str(blocks), test.take(slice(SHARED))
    save(test, out / "ours_test.npy")
    np.save(out / "ours_ranks.npy", ranks.rank[:SHARED])
    np.save(out / "candidates.npy", ranks.candidates)
    with torch.no_grad():
        state = model(torch.from_numpy(some.item), torch.from_numpy(some.length))
        np.save(out / "scores.npy", model.score_all(state).numpy())


def save(rows: "Windows", path: Path) -> None:
    """Windows as (R, 3 + L) numbers: user, target, length, history."""
    import numpy as np

    np.save(path, np.column_stack([rows.user, rows.target, rows.length, rows.item]))


def recbole(what: str, blocks: int, folder: Path) -> Iterator[dict[str, float] | None]:
    """The side `what` of RecBole."""
    import recbole_side

    yield from getattr(recbole_side, what)(recbole_side.Peer(SHAPES[blocks], LONGEST, BATCH, folder / str(blocks)))


for number in SHAPES:
    globals()[f"ours_epoch_{number}"] = partial(ours_epoch, number)
    globals()[f"ours_ranking_{number}"] = partial(ours_ranking, number)
    globals()[f"recbole_epoch_{number}"] = partial(recbole, "epoch", number)
    globals()[f"recbole_ranking_{number}"] = partial(recbole, "ranking", number)


def check(folder: Path, sides: list[str]) -> str:
    """The same windows on both sides, and the same ranks from the same scores; trained weights cannot be the same."""
    if not set(SIDES) <= set(sides):
        return ""
    compared = {check_shape(folder, folder / str(blocks)) for blocks in SHAPES}
    return f"{'; '.join(compared)}. Not weights: the losses are two"


def check_shape(folder: Path, out: Path) -> str:
    """What the sides of one shape wrote."""
    import numpy as np

    count = {}
    for name in ("train", "test"):
        ours, theirs = (np.load(out / f"{who}_{name}.npy") for who in ("ours", "recbole"))
        ours, theirs = (rows[np.lexsort(rows.T)] for rows in (ours, theirs))
        if not np.array_equal(ours, theirs):
            raise MismatchError(f"windows of {name}: ours {ours.shape}, RecBole's {theirs.shape}, differ in rows")
        count[name] = len(ours)
    ours, theirs = np.load(out / "ours_ranks.npy"), np.load(out / "recbole_ranks.npy")
    if not np.array_equal(ours, theirs):
        raise MismatchError(f"{(ours != theirs).sum()} of {SHARED} ranks differ")
    user, _ = np.load(folder / "interactions.npy")
    if not np.array_equal(np.load(out / "candidates.npy"), ITEMS - np.bincount(user)[1:] + 1):
        raise MismatchError("the items that a user had are not what is left out of the ranking")
    return (
        f"{count['train']:,} windows and targets of training and {count['test']:,} of ranking; the ranks of {SHARED} "
        "users by both procedures from our model's scores, history masked in both"
    )


def rows(measured: Measured) -> list[Row]:
    """Targets of training and users ranked, with how many a second."""
    found = []
    for blocks in SHAPES:
        for what, goal, unit in (("epoch", 1.7, "targets"), ("ranking", 2.0, "users")):
            ours, peer = f"ours_{what}_{blocks}", f"recbole_{what}_{blocks}"
            count = measured[ours][0].get("targets", USERS)
            rates = " and ".join(
                f"{count / median(measured, side, 'seconds'):,.0f}" for side in (ours, peer) if side in measured
            )
            name = f"{what}, {blocks} layer{'s' * (blocks > 1)}"
            found += versus(
                measured,
                peer,
                ours=ours,
                name=name,
                at_least=goal,
                note=f"{rates} {unit} a second. {DIFFERENCES[what]}",
            )
    return found
