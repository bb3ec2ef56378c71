"""Gradients of rows, made dense in place: what autograd makes dense by itself, step after step."""

import torch
from torch import nn
from torch.nn.functional import embedding

from softrec.sequential.rowwise import RowGradients

ROWS = [[1, 4, 1], [0, 4, 2], [3, 3, 3], [1, 0, 4]]


def trained(sparse: bool) -> tuple[nn.Parameter, list[torch.Tensor]]:
    """A table of five rows after four steps of Adam with decay, each of which reads three rows; the gradients."""
    generator = torch.Generator().manual_seed(1)
    table = nn.Parameter(torch.randn(5, 3, generator=generator))
    factors = torch.randn(4, 3, 3, generator=generator)
    adam, rows, seen = torch.optim.Adam([table], lr=0.1, weight_decay=0.1, fused=True), RowGradients(), []
    for row, factor in zip(ROWS, factors, strict=True):
        adam.zero_grad()
        (embedding(torch.tensor(row), table, sparse=sparse) * factor).sum().backward()
        rows.spread([table])
        seen.append(table.grad.clone())
        adam.step()
        rows.clear()
    return table, seen


def test_each_step_has_the_gradient_that_autograd_makes() -> None:
    """Rows that come twice or three times in a step are added up, and nothing of a step is left in the next."""
    (rowwise, ours), (dense, theirs) = trained(sparse=True), trained(sparse=False)
    for one, other in zip(ours, theirs, strict=True):
        assert not one.is_sparse
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)
    torch.testing.assert_close(rowwise, dense, rtol=0, atol=1e-5)


def test_by_hand() -> None:
    """Row 2 is read twice with slope 1 and 5, row 0 once with slope 3: 6 and 3, the others 0; then zeros again."""
    table, rows = nn.Parameter(torch.ones(3, 1)), RowGradients()
    read = embedding(torch.tensor([2, 0, 2]), table, sparse=True)
    (read[:, 0] * torch.tensor([1.0, 3.0, 5.0])).sum().backward()
    rows.spread([table])
    gradient = table.grad
    assert gradient.tolist() == [[3.0], [0.0], [6.0]]
    rows.clear()
    assert gradient.tolist() == [[0.0], [0.0], [0.0]]


def test_dense_gradients_and_none_are_left_alone() -> None:
    """A parameter without a gradient and one whose gradient is dense keep what they have."""
    without, dense, rows = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2)), RowGradients()
    dense.grad = given = torch.tensor([1.0, 2.0])
    rows.spread([without, dense])
    rows.clear()
    assert without.grad is None
    assert dense.grad is given
    assert given.tolist() == [1.0, 2.0]
