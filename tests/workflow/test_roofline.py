"""Operations and bytes of passes, by hand, for a model of 1e9 weights, width 1,200 and 10 layers."""

import pytest

from lib.cost import roofline
from lib.cost.roofline import Llm, Pass

LLM = Llm(1e9, 1200, 10)
SQUARE = 1200 * 10  # W L


def test_a_pass_takes_as_long_as_its_operations_or_its_bytes() -> None:
    """312e12 x 0.35 operations, or 2e12 x 0.6 bytes, are a second; two of the one and one of the other are two."""
    assert Pass(2 * 312e12 * 0.35, 1.2e12).seconds == pytest.approx(2)
    assert Pass(312e12 * 0.35, 2.4e12).seconds == pytest.approx(2)


def test_reading_is_two_operations_a_weight_and_attention() -> None:
    """10 texts of 50 tokens in batches of 4, so 3: 2 N a token, and 2 W L with each of 50 keys, for scores and sums.

    Bytes: the weights (2 each) three times; 46 W L of activations a token, written and read.
    """
    found = roofline.reading(LLM, 10, 50, 4)
    assert found.operations == pytest.approx(500 * (2e9 + 4 * 50 * SQUARE))
    assert found.moved == pytest.approx(3 * 2e9 + 2 * 46 * SQUARE * 500)


@pytest.mark.parametrize(("recompute", "weights", "attention", "reads"), [(False, 4, 12, 2), (True, 6, 16, 3)])
def test_training_needs_no_gradient_of_frozen_weights(
    recompute: bool, weights: int, attention: int, reads: int
) -> None:
    """Forward 2 N, backward 2 N for inputs alone; attention's 4 forward, and 8 backward for both of its sides.

    Recomputing is another forward pass.
    """
    found = roofline.training(LLM, 8, 250, 8, recompute)
    assert found.operations == pytest.approx(2000 * (weights * 1e9 + attention * 250 * SQUARE))
    assert found.moved == pytest.approx(reads * 2e9 + 2 * 46 * SQUARE * 2000)


def test_what_prompts_have_in_common_is_seen_and_not_run() -> None:
    """10 texts of 50 tokens after 20: each sees 70 keys, and 500 tokens are run."""
    assert roofline.reading(LLM, 10, 50, 4, 20).operations == pytest.approx(500 * (2e9 + 4 * 70 * SQUARE))


def test_a_step_moves_a_prompts_cache_once_for_all_its_beams() -> None:
    """A token's keys and values: 2 numbers of 2 bytes for W / 3 in each layer, 4 W L / 3 = 16,000 bytes.

    2 prompts of 100 tokens, 3 beams each with 7 tokens said: each row has 100 + 21 keys. They are moved seven times:
    each is read, and written thrice for three query heads, and attention reads three.
    """
    assert LLM.cached == pytest.approx(16_000)
    found = roofline.decoding(LLM, 2, 3, 100, 7)
    assert found.operations == pytest.approx(6 * (2e9 + 4 * 121 * SQUARE))
    assert found.moved == pytest.approx(2e9 + (1 + 3 + 3) * 16_000 * 2 * 121 + 2 * 46 * SQUARE * 6)
