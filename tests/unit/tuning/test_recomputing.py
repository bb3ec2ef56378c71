"""Activations that are computed twice instead of being kept: the same updates, for less memory."""

from collections.abc import Callable

import torch

from softrec.llm.language_model import LanguageModel
from softrec.tuning.epoch_loop import Tuner
from softrec.tuning.run import recompute_activations
from softrec.tuning.schedule import Constant
from tuning_run import fitted, new_tuner

NewLlm = Callable[[], LanguageModel]


def counting(tuner: Tuner, while_training: list[int]) -> Tuner:
    """Note each time that the first layer's attention runs in training."""
    attention = tuner.llm.causal.model.layers[0].self_attn
    attention.register_forward_pre_hook(lambda module, _: while_training.append(1) if module.training else None)
    return tuner


def test_recomputed_activations_give_the_same_updates(new_llm: NewLlm) -> None:
    """Two epochs of two updates, one micro batch each: four passes through a layer, or eight with each run twice.

    Dropout is drawn again as it was: with a rate of 0.3 adapters agree as well.
    """
    kept: list[int] = []
    twice: list[int] = []
    expected = fitted(counting(new_tuner(new_llm, dropout=0.3), kept), Constant(0.5))
    tuner = counting(new_tuner(new_llm, dropout=0.3), twice)
    recompute_activations(tuner.llm)
    torch.testing.assert_close(fitted(tuner, Constant(0.5)), expected, atol=1e-6, rtol=0)
    assert (len(kept), len(twice)) == (4, 8)
