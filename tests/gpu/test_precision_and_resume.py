"""bf16 stays near fp32, and a resumed run ends with the same bits where algorithms are deterministic."""

from collections.abc import Callable, Iterator

import pytest
import torch

from runs import Run, second_gradient
from softrec.core.devices import use_deterministic_algorithms
from softrec.llm.language_model import LanguageModel, adapter_state, load_adapter_state

Maker = Callable[..., LanguageModel]


@pytest.fixture
def deterministic() -> Iterator[None]:
    """Deterministic algorithms alone, for one test."""
    use_deterministic_algorithms()
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize("tau", [0.0, 0.5], ids=["no mask", "mask"])
def test_bf16_is_near_fp32(smol: Maker, device: torch.device, tau: float) -> None:
    """The loss, about 11, to 1 %, and the gradient's direction: bf16 has 8 bits, of which sums lose some."""
    half, whole = (
        second_gradient(smol(place, dtype), tau)
        for place, dtype in ((device, torch.bfloat16), (torch.device("cpu"), torch.float32))
    )
    assert half[0] == pytest.approx(whole[0], rel=0.01)
    assert torch.nn.functional.cosine_similarity(half[1], whole[1], dim=0) > 0.99


@pytest.mark.parametrize("tau", [0.0, 0.5], ids=["no mask", "mask"])
def test_a_resumed_run_ends_with_the_same_bits(
    smol: Maker, device: torch.device, deterministic: None, tau: float
) -> None:
    """In bf16 with dropout: four updates, four once more, and two, saved, loaded into another model, and two."""

    def fresh() -> Run:
        return Run(smol(device, torch.bfloat16), tau, dropout=0.05)

    whole, again, first, second = (fresh() for _ in range(4))
    for run, updates in ((whole, 4), (again, 4), (first, 2)):
        for _ in range(updates):
            run.update()
    load_adapter_state(second.llm, adapter_state(first.llm))
    second.engine.load_state_dict(first.engine.state_dict())
    second.steps = first.steps
    for _ in range(2):
        second.update()
    assert torch.equal(again.adapter(), whole.adapter())
    assert torch.equal(second.adapter(), whole.adapter())
