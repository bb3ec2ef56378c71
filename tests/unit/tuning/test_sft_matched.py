"""SFT with the updates of SFT and SOFT: how many epochs that is, and which logs are refused."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from common import files
from common.errors import SoftrecError
from softrec.tuning.epoch_loop import LoopSettings
from softrec.tuning.schedule import EpochFacts
from softrec.tuning.settings import TuningSettings
from softrec.tuning.strategies.sft_matched import Options, prepare
from softrec.tuning.strategy import StrategyFiles, TuningRun
from tuning_run import LOOP


def log(path: Path, epochs: int, batch: int = 4, rows: str = "", finished: bool = True) -> Path:
    """The training log of a run, and its manifest."""
    lines: list[dict[str, Any]] = [{"epoch": epoch, "loss": 1.0} for epoch in range(1, epochs + 1)]
    lines += [{"summary": True, "stopped": "patience"}] if finished else []
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    made = {"settings": {"tuning": {"loop": {"global_batch_size": batch}}}, "inputs": {"train": rows}}
    files.write_json(files.manifest_of(path), made)
    return path


class Case:
    """Logs of 3 epochs of SFT, and of 2 and 5 epochs of SOFT with alpha = 1 and 10, of which validation chose 10."""

    def __init__(self, folder: Path) -> None:
        self.train = folder / "train.parquet"
        self.train.write_text("the training rows")
        self.rows = files.sha256(self.train)
        self.sft = log(folder / "sft.jsonl", 3, rows=self.rows)
        self.soft = [log(folder / f"soft{alpha}.jsonl", n, rows=self.rows) for alpha, n in ((1, 2), (10, 5))]
        self.choice = folder / "alpha.json"
        self.choice.write_text(json.dumps({"name": "alpha", "chosen": 10}))

    def prepare(self) -> Any:
        """The strategy."""
        given = StrategyFiles(
            self.train, sft_log=[self.sft], soft_logs=self.soft, soft_choice=[self.choice], train=self.train
        )
        model: Any = SimpleNamespace(labels=lambda rows: [[2]] * len(rows))
        rows: Any = [None] * 6
        settings: Any = TuningSettings(*[None] * 3, LoopSettings(**LOOP), None)  # type: ignore[arg-type]
        return prepare(Options([1.0, 10.0]), TuningRun(model, rows, settings, given))


def test_epochs_are_those_of_both_runs(tmp_path: Path) -> None:
    """3 of SFT and 5 of SOFT with alpha = 10: eight epochs on true titles, which patience cannot end earlier."""
    strategy = Case(tmp_path).prepare()
    assert (strategy.settings.loop.epochs, strategy.settings.loop.patience) == (8, 8)
    assert strategy.settings.loop.checkpoint_select == LOOP["checkpoint_select"]
    assert set(strategy.responses) == {"y"}
    assert strategy.schedule()(8, None) == EpochFacts(0.0)


def test_the_logs_of_another_alpha_do_not_count(tmp_path: Path) -> None:
    """With alpha = 1 chosen it is 3 and 2."""
    case = Case(tmp_path)
    case.choice.write_text(json.dumps({"name": "alpha", "chosen": 1}))
    assert case.prepare().settings.loop.epochs == 5


def test_runs_with_other_updates_per_epoch_are_refused(tmp_path: Path) -> None:
    """Another global batch, or other training rows: an epoch would not be as many updates."""
    case = Case(tmp_path)
    log(case.soft[1], 5, batch=8, rows=case.rows)
    with pytest.raises(SoftrecError, match="has 8 rows in a global batch, and this one 4"):
        case.prepare()
    log(case.soft[1], 5, rows="of other rows")
    with pytest.raises(SoftrecError, match=r"soft10\.jsonl did not read the training rows of this one"):
        case.prepare()


def test_logs_that_do_not_say_it_are_refused(tmp_path: Path) -> None:
    """An unfinished run, a log too few, and a choice of another value."""
    case = Case(tmp_path)
    log(case.sft, 3, rows=case.rows, finished=False)
    with pytest.raises(SoftrecError, match="its last line is no summary"):
        case.prepare()
    case = Case(tmp_path)
    case.soft.pop()
    with pytest.raises(SoftrecError, match="1 logs of SOFT are given for 2 values of alpha"):
        case.prepare()
    case = Case(tmp_path)
    case.choice.write_text(json.dumps({"name": "alpha", "chosen": 3}))
    with pytest.raises(SoftrecError, match="alpha=3 is not among"):
        case.prepare()
