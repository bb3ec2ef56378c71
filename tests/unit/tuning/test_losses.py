"""The losses against values derived by hand."""

import pytest
import torch

from softrec.tuning import losses


def test_sft_is_the_token_mean() -> None:
    """L = (-3, -5) over 2 + 2 tokens: 8 / 4 = 2; as the paper's sum (N = 1): 8."""
    l_y = torch.tensor([-3.0, -5.0])
    assert losses.sft(l_y, losses.denominator(4, "mean")).item() == 2.0
    assert losses.sft(l_y, losses.denominator(4, "sum")).item() == 8.0


def test_each_kind_has_its_own_denominator() -> None:
    """Unequal lengths, tau = 0.25: y has l = -6 over 3 tokens (2 each), yhat l = -8 over 2 (4 each).

    0.75 * 2 + 0.25 * 4 = 2.5. A common denominator would give (0.75 * 6 + 0.25 * 8) / 5 = 1.3.
    """
    loss = losses.soft(torch.tensor([-6.0]), torch.tensor([-8.0]), 3.0, 2.0, 0.25)
    assert loss.item() == 2.5


def test_parts_of_a_global_batch_add_up() -> None:
    """With the global count as denominator, two parts of unequal length sum to the whole: 5/6 + 7/6 = 12/6."""
    l_y = torch.tensor([-5.0, -3.0, -4.0])
    whole = losses.sft(l_y, 6.0)
    assert whole.item() == 2.0
    assert (losses.sft(l_y[:1], 6.0) + losses.sft(l_y[1:], 6.0)).item() == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("tau", "kinds"), [(1.0, ("yhat",)), (0.0, ("y",)), (0.5, ("y", "yhat")), (1e-9, ("y", "yhat"))]
)
def test_a_response_of_weight_zero_is_not_run(tau: float, kinds: tuple[str, ...]) -> None:
    """Tau = 1 needs yhat alone, tau = 0 needs y alone, anything between needs both."""
    assert losses.needed(tau) == kinds


def test_ends_of_tau_are_sft_and_without_scheduler() -> None:
    """Tau = 0 gives L_SFT and tau = 1 gives L_SDFT, exactly."""
    l_y, l_yhat = torch.tensor([-6.0]), torch.tensor([-8.0])
    assert losses.soft(l_y, l_yhat, 3.0, 2.0, 0.0) == losses.sft(l_y, 3.0)
    assert losses.soft(l_y, l_yhat, 3.0, 2.0, 1.0) == losses.sdft(l_yhat, 2.0)
