"""Training of an ID-based sequential recommender: Adam, validation after each epoch, early stopping.

The state after an epoch depends only on (settings, data, epoch): the order of rows, the negatives and the dropout masks
come from random streams derived from the epoch. So a resumed run needs no generator states, and on a CPU it ends with
the same bytes as an uninterrupted one. A GPU draws other dropout masks than a CPU and sums gradients in no fixed order.
"""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from common.errors import SoftrecError
from common.log import Progress, info
from softrec.core import seeds
from softrec.core.devices import device_name, prepare_training
from softrec.evaluation import metrics
from softrec.io.checkpoints import Checkpoint
from softrec.sequential.encoder import EncoderSettings, Network
from softrec.sequential.ranking import Protocol as RankProtocol
from softrec.sequential.ranking import Ranking
from softrec.sequential.rowwise import RowGradients
from softrec.sequential.sasrec import Batch
from softrec.sequential.windows import Windows
from softrec.splits.seen_items import Mask


@dataclass(frozen=True)
class FitSettings(EncoderSettings):
    """The encoder's shape, and the settings of its training (paper, section 4.1, after Liao et al.).

    Attributes:
        model: the name of the model in logs ("SASRec").
        seed: of weights, row order, negatives and dropout.
        learning_rate: Adam's (1e-3).
        batch_size: rows per update (256).
        epochs: the largest number of epochs (500).
        patience: stop after this many consecutive epochs without a higher `metric` (50); ties count.
        metric: validation metric that selects the epoch ("NG@20").
        cutoffs: the K of all logged metrics.
        mask: items excluded from the ranking ("seen").
        tie_seed: of the permutation that breaks ties.
    """

    model: str
    seed: int
    learning_rate: float
    batch_size: int
    epochs: int
    patience: int
    metric: str
    cutoffs: list[int]
    mask: Mask
    tie_seed: int


class Method(Protocol):
    """A sequential recommender as the trainer sees it: its network, its negatives and its loss."""

    def build(self, items: int, train: Windows, settings: EncoderSettings) -> Network:
        """Build the network for a catalogue of `items`; some methods use the training rows."""
        ...

    def negatives(self, rng: np.random.Generator, windows: Windows, items: int, size: int) -> Iterable[torch.Tensor]:
        """Draw the negatives of each batch of `size` rows."""
        ...

    def loss(self, model: Any, batch: Batch) -> torch.Tensor:
        """Return the mean loss of a batch, a scalar."""
        ...

    def finished(self, model: Any) -> Network:
        """Return the trained network to be saved and used for ranking."""
        ...


class Trainer:
    """Trains one model on `train` and validates it on `valid`; `l2` is Adam's weight decay.

    Raises:
        SoftrecError: `settings.metric` is not among the logged metrics.
    """

    def __init__(
        self, train: Windows, valid: Windows, ranked: RankProtocol, settings: FitSettings, method: Method, l2: float
    ) -> None:
        logged = list(metrics.summary(np.zeros(1), settings.cutoffs))
        if settings.metric not in logged:
            raise SoftrecError(f"metric {settings.metric!r} is not among {logged}", where="settings.metric")
        self.train, self.valid, self.protocol, self.settings = train, valid, ranked, settings
        self.method, self.l2, self.ranking = method, l2, Ranking(valid, ranked)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        prepare_training(self.device)
        torch.manual_seed(seeds.derive(settings.seed, "weights"))
        self.model = self.method.build(ranked.items, train, settings).to(self.device)
        self.optimiser = torch.optim.Adam(
            self.model.parameters(), lr=settings.learning_rate, weight_decay=l2, fused=True
        )
        self.gradients = RowGradients()
        self.state: dict[str, Any] = {"epoch": 0, "waited": 0, "best": None, "lines": []}

    def fit(self, checkpoint: Checkpoint) -> list[dict[str, Any]]:
        """Train until the epochs or the patience run out, and load the weights of the kept epoch into the model.

        Returns:
            The lines of the training log; the last one is the summary.
        """
        self.resume(checkpoint)
        epochs, rows = self.settings.epochs, len(self.train.target)
        progress = Progress("", (epochs - self.state["epoch"]) * rows, interval=0.0)
        while not self.stopped():
            epoch = self.state["epoch"] + 1
            line = self.run_epoch(epoch)
            self.keep(line)
            checkpoint.save({**self.state, "model": self.model.state_dict(), "optimiser": self.optimiser.state_dict()})
            metric = self.settings.metric
            progress.name = f"{self.settings.model}  epoch {epoch}/{epochs}  kept {self.state['best']['epoch']}"
            progress.step(rows, loss=line["loss"], **{metric: line["validation"][metric]})
        best = self.state["best"]
        self.model.load_state_dict(best["model"])
        reason = "patience" if self.state["waited"] >= self.settings.patience else "epochs"
        last = {"summary": True, "kept_epoch": best["epoch"], "validation": best["validation"], "stopped": reason}
        last |= {"device": device_name(self.device), "ranks": 1}
        return [*self.state["lines"], last]

    def resume(self, checkpoint: Checkpoint) -> None:
        """Resume from the last finished epoch of an interrupted run, if there is one."""
        saved = checkpoint.load()
        if saved is None:
            return
        self.model.load_state_dict(saved.pop("model"))
        self.optimiser.load_state_dict(saved.pop("optimiser"))
        self.state = saved
        info(f"resumed after epoch {saved['epoch']}")

    def stopped(self) -> bool:
        """Whether the epochs or the patience have run out."""
        return self.state["epoch"] >= self.settings.epochs or self.state["waited"] >= self.settings.patience

    def run_epoch(self, epoch: int) -> dict[str, Any]:
        """Train on every row once, validate, and return the epoch's line of the training log."""
        start = time.monotonic()
        loss = self.train_epoch(epoch)
        trained = time.monotonic()
        rank = self.ranking.ranks(self.model).rank
        seconds = {"train": round(trained - start, 2), "validate": round(time.monotonic() - trained, 2)}
        validation = metrics.summary(rank, self.settings.cutoffs)
        return {"epoch": epoch, "loss": loss, "validation": validation, "seconds": seconds}

    def train_epoch(self, epoch: int) -> float:
        """Make all updates of an epoch, and return the mean loss over rows.

        Raises:
            SoftrecError: a loss is not finite.
        """
        torch.manual_seed(seeds.derive(self.settings.seed, "dropout", epoch))
        self.model.train()
        batches = self.batches(epoch)
        losses = []
        for batch in batches:
            self.optimiser.zero_grad()
            loss = self.method.loss(self.model, Batch(*(column.to(self.device) for column in batch)))
            loss.backward()
            self.gradients.spread(self.model.parameters())
            self.optimiser.step()
            self.gradients.clear()
            losses.append(loss.detach())
        values = torch.stack(losses).tolist()  # only now, because reading each loss would synchronise with the GPU
        for step, value in enumerate(values, start=1):
            if not math.isfinite(value):
                raise SoftrecError(
                    f"the loss is {value} in epoch {epoch}, step {step} of {len(batches)}",
                    where=f"training {self.settings.model} with l2 {self.l2}, seed {self.settings.seed}",
                    remedy="lower learning_rate, or take a smaller l2",
                )
        rows = (len(batch.target) for batch in batches)
        return sum(value * count for value, count in zip(values, rows, strict=True)) / len(self.train.target)

    def batches(self, epoch: int) -> list[Batch]:
        """Split the rows, permuted by (seed, epoch), into batches with negatives; the last may be smaller."""
        seed, size = self.settings.seed, self.settings.batch_size
        row = seeds.stream(seed, "rows", epoch).permutation(len(self.train.target))
        windows = self.train.take(row)
        negative = self.method.negatives(seeds.stream(seed, "negatives", epoch), windows, self.protocol.items, size)
        columns = (row, windows.item, windows.length, windows.target)
        parts = (torch.from_numpy(column).split(size) for column in columns)
        return [Batch(*part) for part in zip(*parts, negative, strict=True)]

    def keep(self, line: dict[str, Any]) -> None:
        """Record the epoch, keep its weights if it is the best so far, and update the patience."""
        value, best = line["validation"][self.settings.metric], self.state["best"]
        better = best is None or value > best["validation"][self.settings.metric]
        if better:
            weights = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
            best = {"epoch": line["epoch"], "validation": line["validation"], "model": weights}
        self.state = {
            "epoch": line["epoch"],
            "waited": 0 if better else self.state["waited"] + 1,
            "best": best,
            "lines": [*self.state["lines"], line],
        }
