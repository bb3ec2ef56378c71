"""Title embeddings: the base model's last hidden state at the last token."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from common.errors import SoftrecError
from softrec.llm.embeddings import embed
from softrec.llm.language_model import LanguageModel, LoraSettings, attach_lora


def test_equals_a_single_unpadded_forward_pass(llm: LanguageModel) -> None:
    """Z of 'Frost 2' is the hidden state of [BOS, *tokens] at the last place, whatever shares the batch."""
    ids = [llm.tokenizer.bos_token_id, *llm.tokenizer.encode("Frost 2", add_special_tokens=False)]
    with torch.no_grad():
        expected = llm.causal.model(input_ids=torch.tensor([ids])).last_hidden_state[0, -1].numpy()
    for texts in (["Frost 2"], ["Frost 2", "a much longer text than that one is", "", "Frost 2"]):
        z = embed(llm, texts, batch_size=4)
        np.testing.assert_allclose(z[0], expected, atol=1e-5)
        np.testing.assert_array_equal(z[0], z[-1] if len(texts) > 1 else z[0])


def test_an_empty_text_is_bos_alone(llm: LanguageModel) -> None:
    """An empty generation still has an embedding: that of BOS."""
    with torch.no_grad():
        ids = torch.tensor([[llm.tokenizer.bos_token_id]])
        expected = llm.causal.model(input_ids=ids).last_hidden_state[0, -1].numpy()
    np.testing.assert_allclose(embed(llm, [""], batch_size=2)[0], expected, atol=1e-6)


def test_tuning_does_not_move_embeddings(new_llm: object, llm: LanguageModel) -> None:
    """With an adapter far from zero, z still comes from the base model, and the adapter is on again afterwards."""
    tuned = attach_lora(new_llm(), LoraSettings(4, 8, 0.0, ["q_proj", "v_proj"]), seed=1)
    for name, parameter in tuned.model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.constant_(parameter, 1.0)
    np.testing.assert_allclose(embed(tuned, ["Gale 3"], 1), embed(llm, ["Gale 3"], 1), atol=1e-6)
    with torch.no_grad():
        ids = torch.tensor([[1, 20, 30]])
        difference = tuned.causal(input_ids=ids).logits - llm.causal(input_ids=ids).logits
    assert difference.abs().max() > 1e-3


def test_embeddings_that_are_not_finite_are_refused(new_llm: Callable[[], LanguageModel]) -> None:
    """Weights may all be finite and too large: grounding would find all items equally near."""
    own = new_llm()
    with torch.no_grad():
        own.causal.model.layers[0].mlp.up_proj.weight *= 1e38
        own.causal.model.layers[0].mlp.down_proj.weight *= 1e38
    with pytest.raises(SoftrecError, match="embedding of 'Frost 2' is not finite"):
        embed(own, ["Frost 2"], batch_size=2)


def test_texts_that_are_cut_are_counted(llm: LanguageModel, capsys: pytest.CaptureFixture[str]) -> None:
    """One of two has more tokens than the model's context."""
    embed(llm, ["Frost 2", "x y " * llm.context], batch_size=2)
    assert f"1 of 2 texts are longer than the model's context of {llm.context:,} tokens" in capsys.readouterr().err
