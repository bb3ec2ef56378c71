"""Label smoothing: its log-likelihood by hand, and none of it where epsilon is 0."""

import math
from collections.abc import Callable

import pytest
import torch

from softrec.llm.branches import Row, collate
from softrec.llm.language_model import LanguageModel, adapter_state
from softrec.llm.log_likelihood import ResponseLikelihood
from softrec.tuning.engine import TorchEngine
from softrec.tuning.schedule import Constant
from tuning_run import NoCheckpoint, Scripted, flat, new_tuner

ROWS = [
    Row([1, 20, 21], [("y", [80, 81, 2]), ("yhat", [90, 2])]),
    Row([1, 30], [("y", [82, 2]), ("yhat", [91, 92, 2])]),
]


def by_hand(llm: LanguageModel, epsilon: float) -> list[float]:
    """Each response by itself, token by token: (1 - eps) log p(y) + eps / V sum_v log p(v)."""
    found = []
    for row in ROWS:
        for _, tokens in row.responses:
            ids = torch.tensor([[*row.prompt, *tokens]])
            with torch.no_grad():
                logits = llm.model(input_ids=ids).logits[0].double()
            total = 0.0
            for k, token in enumerate(tokens):
                scores = logits[len(row.prompt) + k - 1].tolist()
                norm = math.log(math.fsum(math.exp(score) for score in scores))
                even = math.fsum(score - norm for score in scores) / len(scores)
                total += (1 - epsilon) * (scores[token] - norm) + epsilon * even
            found.append(total)
    return found


@pytest.mark.parametrize("epsilon", [0.05, 0.2])
@pytest.mark.parametrize("share", [True, False])
def test_the_smoothed_log_likelihood_by_hand(llm: LanguageModel, epsilon: float, share: bool) -> None:
    """Of two prompts with two responses each, whether they share a prompt's forward pass or not."""
    smoothed = ResponseLikelihood(llm.model, llm.backbone, epsilon)
    with llm.inference():
        found = smoothed(collate(ROWS, llm.pad_id, share)).tolist()
    assert found == pytest.approx(by_hand(llm, epsilon), rel=1e-4)
    assert found != pytest.approx(by_hand(llm, 0.0), rel=1e-3)


def test_two_tokens_by_hand() -> None:
    """P = (3/4, 1/4), y the first and epsilon = 0.2: 0.8 ln 3/4 + 0.1 (ln 3/4 + ln 1/4)."""
    logits = torch.tensor([[math.log(3.0), 0.0]])
    expected = 0.8 * math.log(0.75) + 0.1 * (math.log(0.75) + math.log(0.25))
    found = -torch.nn.functional.cross_entropy(logits, torch.tensor([0]), reduction="none", label_smoothing=0.2)
    assert found.item() == pytest.approx(expected)


def adapter(new_llm: Callable[[], LanguageModel], *smoothing: float) -> torch.Tensor:
    """The adapter after two epochs of SFT."""
    tuner = new_tuner(new_llm, dropout=0.1)
    engine = TorchEngine(ResponseLikelihood(tuner.llm.model, tuner.llm.backbone, *smoothing), tuner.engine.settings)
    tuner.engine = tuner.updater.engine = engine
    tuner.fit(Constant(0.0), Scripted((0.1, 0.1), (0.1, 0.1)), NoCheckpoint())
    return flat(adapter_state(tuner.llm))


def test_without_smoothing_it_is_sft_to_the_bit(new_llm: Callable[[], LanguageModel]) -> None:
    """Epsilon = 0 and no epsilon at all train the same adapter; 0.1 trains another."""
    sft = adapter(new_llm)
    assert torch.equal(adapter(new_llm, 0.0), sft)
    assert not torch.equal(adapter(new_llm, 0.1), sft)
