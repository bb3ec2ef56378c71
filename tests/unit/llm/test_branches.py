"""Branches over one prompt compute what separate rows compute."""

import pytest
import torch

from softrec.llm.branches import BranchBatch, Row, attention_mask, collate
from softrec.llm.language_model import LanguageModel, LoraSettings, attach_lora
from softrec.llm.log_likelihood import ResponseLikelihood

ROWS = [
    Row([1, 5, 6, 7], [("y", [8, 9, 2]), ("yhat", [10, 2])]),
    Row([1, 11], [("y", [12, 2]), ("yhat", [13, 14, 15, 2])]),
]


def test_layout_of_a_row() -> None:
    """Prompt of 4, y of 3, yhat of 2: positions restart at 4; y_1 and yhat_1 are both predicted at index 3."""
    batch = collate(ROWS[:1], pad_id=0)
    assert batch.input_ids.tolist() == [[1, 5, 6, 7, 8, 9, 2, 10, 2]]
    assert batch.position_ids.tolist() == [[0, 1, 2, 3, 4, 5, 6, 4, 5]]
    assert batch.segment.tolist() == [[0, 0, 0, 0, 1, 1, 1, 2, 2]]
    assert batch.at_column.tolist() == [3, 4, 5, 3, 7]
    assert batch.target.tolist() == [8, 9, 2, 10, 2]
    assert batch.length.tolist() == [3, 2]
    assert batch.kinds == ("y", "yhat")


def test_mask_keeps_branches_apart() -> None:
    """Segments 0 0 1 2 and one pad: query 3 (branch 2) sees both prompt tokens and itself, not branch 1."""
    visible = attention_mask(torch.tensor([[0, 0, 1, 2, -1]]), torch.float32)[0, 0] == 0
    assert visible.int().tolist() == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 1, 0, 1, 0],
        [0, 0, 0, 0, 1],
    ]


def test_a_branch_a_row_needs_no_mask() -> None:
    """Right-padded rows of prompt and one response: a causal row sees nothing to its right, where padding is.

    Positions go on through the padding of the shorter row (4 of 7 tokens): a restart would be taken for a second row.
    """
    rows = [Row([1, 5, 6, 7], [("y", [8, 9, 2])]), Row([1, 11], [("y", [12, 2])])]
    batch = collate(rows, pad_id=0)
    assert batch.attention_mask(torch.float32) is None
    assert batch.position_ids.tolist() == [[0, 1, 2, 3, 4, 5, 6]] * 2
    assert collate(ROWS, pad_id=0).attention_mask(torch.float32).shape == (2, 1, 9, 9)
    assert collate(ROWS, pad_id=0, share_prompt=False).attention_mask(torch.float32) is None


def test_a_mask_or_none_give_the_same_gradients(new_llm: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """For one branch a row the mask says no more than "causal", padding included."""
    batch, gradients = collate(ROWS, 0, share_prompt=False), []
    for mask in (BranchBatch.attention_mask, lambda self, dtype: attention_mask(self.segment, dtype)):
        monkeypatch.setattr(BranchBatch, "attention_mask", mask)
        tuned = attach_lora(new_llm(), LoraSettings(4, 8, 0.0, ["q_proj", "v_proj"]), seed=3)
        ResponseLikelihood(tuned.model, tuned.backbone)(batch).sum().backward()
        gradients.append(torch.cat([p.grad.flatten() for p in tuned.model.parameters() if p.grad is not None]))
    assert gradients[0].abs().max() > 1e-3
    torch.testing.assert_close(gradients[0], gradients[1], atol=1e-5, rtol=1e-4)


def reference(llm: LanguageModel, prompt: list[int], response: list[int]) -> float:
    """l(y) by the model's own forward pass on the plain sequence, token by token."""
    ids = torch.tensor([prompt + response])
    log_probability = torch.log_softmax(llm.causal(input_ids=ids).logits[0].float(), dim=-1)
    start = len(prompt)
    return sum(float(log_probability[start + k - 1, token]) for k, token in enumerate(response))


@pytest.mark.parametrize("share_prompt", [True, False])
def test_likelihoods_equal_those_of_plain_sequences(llm: LanguageModel, share_prompt: bool) -> None:
    """Each branch's l equals the sum of log-probabilities of prompt + response run alone, without any padding."""
    with torch.no_grad():
        got = ResponseLikelihood(llm.model, llm.backbone)(collate(ROWS, 0, share_prompt))
        expected = [reference(llm, list(row.prompt), list(tokens)) for row in ROWS for _, tokens in row.responses]
    torch.testing.assert_close(got, torch.tensor(expected), atol=1e-4, rtol=0)


def test_gradients_do_not_depend_on_sharing(new_llm: object) -> None:
    """Without dropout the gradient of a mixed loss is the same with the prompt shared and with separate rows."""
    gradients = []
    for share_prompt in (True, False):
        tuned = attach_lora(new_llm(), LoraSettings(4, 8, 0.0, ["q_proj", "v_proj"]), seed=3)
        for name, parameter in tuned.model.named_parameters():
            if "lora_B" in name:  # zero at the start, which would hide the gradient of A
                torch.nn.init.constant_(parameter, 0.02)
        batch = collate(ROWS, 0, share_prompt)
        likelihood = ResponseLikelihood(tuned.model, tuned.backbone)(batch)
        weight = torch.tensor([0.3 if kind == "y" else 0.7 for kind in batch.kinds])
        (-(weight * likelihood).sum()).backward()
        gradients.append(torch.cat([p.grad.flatten() for p in tuned.model.parameters() if p.grad is not None]))
    assert gradients[0].abs().max() > 1e-3
    torch.testing.assert_close(gradients[0], gradients[1], atol=1e-5, rtol=1e-4)
