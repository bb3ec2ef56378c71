"""A tuning checkpoint holds the tensors of its model and of its optimiser, and no others."""

from collections.abc import Callable

import pytest
import torch

from common.errors import SoftrecError
from softrec.llm.language_model import LanguageModel, LoraSettings, adapter_state, attach_lora, load_adapter_state
from softrec.tuning.engine import OptimiserSettings, TorchEngine

NewLlm = Callable[[], LanguageModel]
LORA = LoraSettings(4, 8, 0.0, ["q_proj", "v_proj"])


def test_a_checkpoint_holds_just_the_models_tensors(new_llm: NewLlm) -> None:
    """A tensor less, one more, or one that would be repeated to fit: nothing is put back, before or after."""
    llm = attach_lora(new_llm(), LORA, 1)
    whole = adapter_state(llm)
    first = next(iter(whole))
    for state, sentence in (
        ({name: tensor for name, tensor in whole.items() if name != first}, "lacks"),
        ({**whole, "more": torch.ones(1)}, "holds more, which the model does not have"),
        ({**whole, first: torch.zeros(1, whole[first].shape[1])}, "of shape 1 x 32, the model has it of shape 4 x 32"),
    ):
        with pytest.raises(SoftrecError, match=sentence):
            load_adapter_state(llm, state)
    assert all(torch.equal(whole[name], tensor) for name, tensor in adapter_state(llm).items())


def test_a_checkpoint_holds_just_the_optimisers_moments() -> None:
    """One parameter of two: neither fewer nor more moments, nor of another shape."""
    engine = TorchEngine(torch.nn.Linear(3, 2), OptimiserSettings(0.1, 0, 0.0, 1.0))
    engine.backward(engine(torch.ones(1, 3)).sum())
    engine.step()
    state = engine.state_dict()
    engine.load_state_dict(state)
    for change, sentence in (
        (lambda moments: moments[:1], "lacks exp_avg_sq of tensor 1"),
        (lambda moments: [*moments, moments[0]], "holds exp_avg_sq of tensor 2"),
        (lambda moments: moments[::-1], "exp_avg_sq of tensor 0 of shape 2, the model has it of shape 2 x 3"),
    ):
        with pytest.raises(SoftrecError, match=sentence):
            engine.load_state_dict({**state, "exp_avg_sq": change(state["exp_avg_sq"])})
