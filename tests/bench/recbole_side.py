"""RecBole's SASRec as a peer, under RecBole's own Python: no module of softrec is imported here."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import get_model, get_trainer, init_seed


class Peer:
    """RecBole on the interactions beside `folder`, as its `run_recbole` builds it, with the options nearest to ours.

    Every option that is not named here is RecBole's own: batches of 4,096 users when it ranks, among others.
    """

    def __init__(self, shape: dict[str, Any], length: int, batch: int, folder: Path) -> None:
        os.chdir(folder)  # it writes its logs beside whoever calls it
        sys.argv = sys.argv[:1]  # of which it reads options
        options = {
            "data_path": "..",
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "repeatable": True,
            "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "mode": "full", "group_by": "user"},
            "MAX_ITEM_LIST_LENGTH": length,
            "hidden_size": shape["dim"],
            "inner_size": shape["dim"],
            "n_layers": shape["blocks"],
            "n_heads": shape["heads"],
            "hidden_dropout_prob": shape["dropout"],
            "attn_dropout_prob": shape["dropout"],
            "hidden_act": "relu",
            "initializer_range": 0.01,
            "loss_type": "BPR",
            "train_batch_size": batch,
            "epochs": 1,
            "metrics": ["Hit", "NDCG"],
            "topk": [5, 20],
            "valid_metric": "NDCG@20",
            "use_gpu": False,
            "show_progress": False,
        }
        config = Config(model="SASRec", dataset="games", config_dict=options)
        init_seed(config["seed"], config["reproducibility"])
        self.dataset = create_dataset(config)
        self.train, _, self.test = data_preparation(config, self.dataset)
        self.model = get_model("SASRec")(config, self.train._dataset)
        self.trainer = get_trainer(config["MODEL_TYPE"], "SASRec")(config, self.model)

    def tokens(self, field: str) -> np.ndarray:
        """The number in the file for each number that RecBole gives a user or an item; 0 for padding."""
        return np.array([0, *map(int, self.dataset.field2id_token[field][1:])])

    def windows(self, loader: Any) -> np.ndarray:
        """(R, 3 + L): user, target, length and right-padded history of each row that a loader deals out."""
        rows, user, item = loader._dataset.inter_feat, self.tokens("user_id"), self.tokens("item_id")
        history = item[rows["item_id_list"].numpy()]
        return np.column_stack([user[rows["user_id"]], item[rows["item_id"]], rows["item_length"], history])

    def ranks(self, rows: np.ndarray, score: np.ndarray, history: list[np.ndarray]) -> np.ndarray:
        """(R,) 0-based ranks of some test rows' targets by RecBole's procedure, but by others' scores.

        Its mask of history is used, which it has but leaves out for sequential models.

        Args:
            rows: (R,) of the test data. score: (R, N) of the items 1..N. history: per row the items to mask.
        """
        import torch

        item = self.tokens("item_id")
        padded = np.column_stack([np.zeros(len(score)), score])  # padding, which RecBole takes out itself
        self.model.full_sort_predict = lambda _: torch.from_numpy(padded[:, item])
        self.trainer.tot_item_num = len(item)
        self.trainer.eval_collector.topk = [len(item)]
        asked, number = self.test._dataset[rows], torch.arange(len(rows))
        masked_row = np.repeat(np.arange(len(rows)), [len(items) for items in history])
        mask = (torch.from_numpy(masked_row), torch.from_numpy(np.argsort(item)[np.concatenate(history)]))
        _, masked, *positive = self.trainer._full_sort_batch_eval((asked, mask, number, asked["item_id"]))
        self.trainer.eval_collector.eval_batch_collect(masked, asked, *positive)
        return self.trainer.eval_collector.get_data_struct()["rec.topk"][:, :-1].argmax(dim=1).numpy()


def epoch(peer: Peer) -> Iterator[dict[str, float] | None]:
    """The side: one epoch of training."""
    yield None
    peer.trainer.fit(peer.train, saved=False, verbose=False)
    yield {"loss": peer.trainer.train_loss_dict[0] / len(peer.train)}
    np.save("recbole_train.npy", peer.windows(peer.train))


def ranking(peer: Peer) -> Iterator[None]:
    """The side: every user's last item ranked among all items; then the users 1..R by the scores in the folder."""
    yield None
    peer.trainer.evaluate(peer.test, load_best_model=False)
    yield None
    windows = peer.windows(peer.test)
    np.save("recbole_test.npy", windows)
    score, (user, item) = np.load("scores.npy"), np.load("../interactions.npy")
    rows = np.flatnonzero(windows[:, 0] <= len(score))
    asked = windows[rows, 0]
    rank = peer.ranks(rows, score[asked - 1], [item[user == one][:-1] for one in asked])
    np.save("recbole_ranks.npy", rank[np.argsort(asked)])
