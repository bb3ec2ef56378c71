"""Training on a CPU: the same bits at any number of threads, and no arithmetic with subnormal numbers."""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from circle_of_items import trainer
from softrec.core.devices import prepare_training
from softrec.llm import tiny_llm
from softrec.llm.prompts import Words
from softrec.tuning.engine import EngineSettings, OptimiserSettings
from softrec.tuning.start_engine import start_engine

CPU = torch.device("cpu")
TINY = tiny_llm.TinySettings(300, 32, 1, 2, 128, 1, 8, 32, 2e-2, 7, Words("films", "film", "seen"))


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """As many threads after a test as before."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def product_is_zero() -> bool:
    """Whether 1e-30 x 1e-10 = 1e-40, which is below float32's smallest normal number 1.2e-38, gives 0."""
    return (torch.tensor([1e-30]) * 1e-10).item() == 0


def gradient(threads: int) -> Tensor:
    """The gradient of 40 rows that 20,000 places read 500 times each, as LLM-CF reads its examples; (40, 64)."""
    torch.set_num_threads(threads)
    generator = torch.Generator().manual_seed(1)
    rows = torch.randn(40, 64, generator=generator).requires_grad_()
    factor = torch.randn(20_000, 64, generator=generator)
    (rows[torch.arange(20_000) % 40] * factor).sum().backward()
    assert rows.grad is not None
    return rows.grad


def test_repeated_rows_are_summed_in_one_order() -> None:
    """Without it, the threads' atomic additions change the last bits; two threads even on one core."""
    prepare_training(CPU)
    alone = gradient(threads=1)
    assert all(torch.equal(gradient(threads=4), alone) for _ in range(5))


def test_a_subnormal_product_is_zero() -> None:
    """Torch's default keeps 1e-40."""
    assert not product_is_zero()
    prepare_training(CPU)
    assert product_is_zero()


def test_a_gpu_keeps_its_settings() -> None:
    """There `engine.deterministic` decides, because deterministic kernels are slower; any other device is like it."""
    prepare_training(torch.device("meta"))
    assert not torch.are_deterministic_algorithms_enabled()
    assert not product_is_zero()


def start_torch_engine() -> None:
    """The engine that tunes language models."""
    start_engine(nn.Linear(2, 2), OptimiserSettings(1e-3, 0, 0.0, 1.0), EngineSettings("torch", 1), 1, 1)


@pytest.mark.parametrize(
    "train", [trainer, start_torch_engine, lambda: tiny_llm.pretrain(["Up", "Big"], ["Film", None], TINY)],
    ids=["sequential", "tuning", "pre-training"],
)  # fmt: skip
def test_all_training_is_prepared(train: Callable[[], object]) -> None:
    """Sequential recommenders, tuning and the demo's base model."""
    train()
    assert torch.are_deterministic_algorithms_enabled()
    assert product_is_zero()
