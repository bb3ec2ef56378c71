"""LLM-CF's decoder: rotary positions, what each token sees, and which states are computed."""

import numpy as np
import pytest
import torch

from softrec.llm_enhanced.in_context import Decoder, rotary, rotate


def test_rotary_positions_turn_pairs() -> None:
    """Width 2, position 1, frequency 1: (1, 0) becomes (cos 1, sin 1); position 0 is left as it is."""
    turned = rotate(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), *rotary(2, 2, torch.device("cpu")))
    assert turned[0].tolist() == pytest.approx([1, 0])
    assert turned[1].tolist() == pytest.approx([np.cos(1), np.sin(1)])


def test_the_decoder_is_causal_and_blind_to_what_is_not_real() -> None:
    """A change of token 2 of 4 moves the states from 2 on; where token 2 is not real, only its own."""
    torch.manual_seed(0)
    decoder, tokens = Decoder(8), torch.randn(1, 4, 8)
    changed = tokens.clone()
    changed[0, 2] += 1
    for real, moved in ((True, [False, False, True, True]), (False, [False, False, True, False])):
        known = torch.tensor([[True, True, real, True]])
        with torch.no_grad():
            states = [decoder(told, known, slice(None)) for told in (tokens, changed)]
        assert ((states[0] - states[1]).abs().amax(dim=2)[0] > 1e-7).tolist() == moved


def test_the_decoder_computes_the_states_that_are_asked_for_as_among_all() -> None:
    """Of seven tokens, the third of them not real, every third is asked for: three states, equal to those of all."""
    torch.manual_seed(0)
    decoder, tokens = Decoder(8), torch.randn(2, 7, 8)
    real = torch.arange(7).expand(2, 7) != 2
    with torch.no_grad():
        torch.testing.assert_close(
            decoder(tokens, real, slice(None, None, 3)), decoder(tokens, real, slice(None))[:, ::3], atol=1e-6, rtol=0
        )
