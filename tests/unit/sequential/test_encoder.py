"""The encoder against a plain per-position implementation of its equations, and what padding may not change."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import dropout, layer_norm

from common.errors import SoftrecError
from softrec.sequential import encoder
from softrec.sequential.encoder import Encoder, EncoderSettings

ITEMS = 12
SHAPES = [(1, 1), (1, 2), (2, 1), (3, 2)]


def make(blocks: int = 1, heads: int = 1, dropout: float = 0.0) -> Encoder:
    """A float64 encoder whose weights are all far from their start, so that no term is lost."""
    torch.manual_seed(5)
    model = Encoder(ITEMS, EncoderSettings(dim=8, blocks=blocks, heads=heads, length=6, dropout=dropout)).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.5)
        model.item.weight[0] = 0
    return model.eval()


def plain_block(block: encoder.Block, query: Tensor, memory: Tensor) -> Tensor:
    """One query (D,) over all of `memory` (n, D): keys, values, heads and sums written out."""

    def norm(x: Tensor, layer: torch.nn.LayerNorm) -> Tensor:
        return layer_norm(x, x.shape, layer.weight, layer.bias)

    normalised = norm(query, block.norm_query)
    q, k, v = block.query(normalised), block.key(memory), block.value(memory)
    width = len(q) // block.heads
    attended = []
    for head in range(block.heads):
        part = slice(head * width, (head + 1) * width)
        exponentials = [math.exp(float(q[part] @ key[part]) / math.sqrt(width)) for key in k]
        attended.append(sum(e * value[part] for e, value in zip(exponentials, v, strict=True)) / sum(exponentials))
    hidden = norm(normalised + torch.cat(attended), block.norm_hidden)
    return norm(hidden + block.outer(torch.relu(block.inner(hidden))), block.norm_output)


def plain(model: Encoder, items: list[int]) -> Tensor:
    """The state of one history without padding or batches, position by position."""
    states = torch.stack([model.item.weight[item] + model.position.weight[p] for p, item in enumerate(items)])
    for block in model.blocks:
        states = torch.stack([plain_block(block, states[p], states[: p + 1]) for p in range(len(items))])
    return layer_norm(states[-1], states[-1].shape, model.norm.weight, model.norm.bias)


@pytest.mark.parametrize(("blocks", "heads"), SHAPES)
@torch.no_grad()
def test_state_is_what_the_equations_say(blocks: int, heads: int) -> None:
    """Three histories of 1, 3 and 6 items in one padded batch: each state as computed alone, to 1e-12."""
    model = make(blocks, heads)
    histories = [[4], [7, 7, 2], [1, 12, 3, 5, 9, 4]]
    window = torch.tensor([history + [0] * (6 - len(history)) for history in histories])
    states = model(window, torch.tensor([1, 3, 6]))
    for history, state in zip(histories, states, strict=True):
        torch.testing.assert_close(state, plain(model, history), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("blocks", "heads"), SHAPES)
@torch.no_grad()
def test_padding_does_not_change_the_score(blocks: int, heads: int) -> None:
    """The same two items alone, padded to six, and followed by other items beyond their length: the same scores."""
    model = make(blocks, heads)
    length = torch.tensor([2])
    alone = model.score_all(model(torch.tensor([[3, 8]]), length))
    padded = model.score_all(model(torch.tensor([[3, 8, 0, 0, 0, 0]]), length))
    followed = model.score_all(model(torch.tensor([[3, 8, 5, 1, 12, 2]]), length))
    torch.testing.assert_close(padded, alone, rtol=0, atol=1e-12)
    torch.testing.assert_close(followed, alone, rtol=0, atol=1e-12)


@torch.no_grad()
def test_order_of_the_history_matters() -> None:
    """The same items in another order, the newest unchanged, are another state: positions are learned."""
    model = make()
    states = model(torch.tensor([[3, 8, 5], [8, 3, 5]]), torch.tensor([3, 3]))
    assert (states[0] - states[1]).abs().max() > 1e-3


@torch.no_grad()
def test_chosen_scores_are_those_of_all_items() -> None:
    """Column j of all scores belongs to item j + 1; there is none for padding."""
    model = make()
    state = model(torch.tensor([[3, 8], [1, 0]]), torch.tensor([2, 1]))
    everything = model.score_all(state)
    assert everything.shape == (2, ITEMS)
    assert everything.dtype == torch.float64
    chosen = torch.tensor([[1, ITEMS], [5, 2]])
    torch.testing.assert_close(model.score(state, chosen), everything.gather(1, chosen - 1), rtol=0, atol=1e-12)


def test_scores_of_a_float32_model_are_summed_in_float64() -> None:
    """Ranks are compared in float64, whatever the model was trained in."""
    model = Encoder(ITEMS, EncoderSettings(dim=8, blocks=1, heads=1, length=6, dropout=0.0))
    assert model.score_all(model(torch.tensor([[3]]), torch.tensor([1]))).dtype == torch.float64


def test_padding_row_is_zero_and_never_trained() -> None:
    """Row 0 of the embedding starts at zero and has no gradient, although padded positions read it."""
    model = Encoder(ITEMS, EncoderSettings(dim=8, blocks=2, heads=1, length=6, dropout=0.0))
    assert not model.item.weight[0].any()
    state = model(torch.tensor([[3, 0, 0]]), torch.tensor([1]))
    model.score(state, torch.tensor([[5]])).sum().backward()
    assert model.item.weight.grad is not None
    gradient = model.item.weight.grad.to_dense()
    assert not gradient[0].any()
    assert gradient[3].any()


def test_items_start_small_and_positions_do_not() -> None:
    """N(0, 0.01^2) and N(0, 1): the deviation of 1,000 x 64 draws is theirs to within 2 % (seven standard errors)."""
    model = Encoder(1000, EncoderSettings(dim=64, blocks=1, heads=1, length=1000, dropout=0.0))
    assert model.item.weight[1:].std().item() == pytest.approx(0.01, rel=0.02)
    assert model.position.weight.std().item() == pytest.approx(1.0, rel=0.02)


def test_linear_layers_start_as_torch_starts_them() -> None:
    """Uniform within 1 / sqrt(64) = 0.125, so of deviation 0.125 / sqrt(3) = 0.0722; 64 x 64 draws tell it to 5 %."""
    model = Encoder(1000, EncoderSettings(dim=64, blocks=2, heads=1, length=10, dropout=0.0))
    for name, weight in model.named_parameters():
        if weight.ndim == 2 and not name.startswith(("item", "position")):
            assert weight.abs().max().item() <= 0.125, name
            assert weight.std().item() == pytest.approx(0.125 / math.sqrt(3), rel=0.05), name


@torch.no_grad()
def test_dropout_acts_in_training_alone() -> None:
    """Two evaluations agree exactly; two training passes do not."""
    model = make(dropout=0.5)
    window, length = torch.tensor([[3, 8, 5]]), torch.tensor([3])
    assert torch.equal(model(window, length), model(window, length))
    model.train()
    assert not torch.equal(model(window, length), model(window, length))


@torch.no_grad()
def test_dropped_attention_weights_drop_their_values_whole() -> None:
    """With dropout the weights of a query no longer sum to 1, and the values' bias is weighed like the rest.

    The same random mask over weights (B, Q, heads, L) gives what explicit keys and values give.
    """
    block = make(dropout=0.5).train().blocks[0]
    query, memory = torch.randn(2, 1, 8, dtype=torch.float64), torch.randn(2, 5, 8, dtype=torch.float64)
    torch.manual_seed(9)
    attended = block.attend(query, memory, torch.ones(5, dtype=torch.bool))
    weight = (block.query(query) @ block.key(memory).transpose(1, 2) / math.sqrt(8)).softmax(dim=-1)
    torch.manual_seed(9)
    weight = dropout(weight[:, :, None], 0.5)[:, :, 0]
    assert (weight.sum(dim=-1) - 1).abs().min() > 0.01
    torch.testing.assert_close(attended, weight @ block.value(memory), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("items", "heads"), [(1, 1), (12, 3)])
def test_impossible_shapes_are_refused(items: int, heads: int) -> None:
    """One item leaves nothing to rank; a width of 8 has no three equal heads."""
    with pytest.raises(SoftrecError):
        Encoder(items, EncoderSettings(dim=8, blocks=1, heads=heads, length=6, dropout=0.0))


def test_weights_round_trip_and_other_shapes_are_refused(tmp_path: Path) -> None:
    """A file read back gives the same weights; one of another catalogue, or cut short, gives one clear error."""
    model = make()
    encoder.save(model, tmp_path / "model")
    again = make()
    with torch.no_grad():
        again.norm.weight.zero_()
    encoder.load(again, tmp_path / "model")
    assert torch.equal(again.norm.weight, model.norm.weight)
    other = Encoder(ITEMS + 1, EncoderSettings(dim=8, blocks=1, heads=1, length=6, dropout=0.0))
    with pytest.raises(SoftrecError, match="the model has it of shape"):
        encoder.load(other, tmp_path / "model")
    (tmp_path / "model").write_bytes((tmp_path / "model").read_bytes()[:100])
    with pytest.raises(SoftrecError, match="holds no ID-based sequential recommender"):
        encoder.load(again, tmp_path / "model")
