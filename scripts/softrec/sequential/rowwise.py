"""Dense gradients of large tables of which a batch reads few rows, without an array of zeros in each step.

Adam moves every row in every step, also one that no batch has read, so its gradients are dense. Autograd would make
each anew: at 61,528 items two of 16 MB, whose zeros and fresh memory take as long as Adam itself. Here they stay, and
what a step has written to them is taken out again, row by row.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class RowGradients:
    """Dense gradients of the parameters whose gradients autograd leaves sparse: tables read with `sparse=True`."""

    def __init__(self) -> None:
        self.dense: dict[nn.Parameter, Tensor] = {}
        self.written: list[tuple[Tensor, Tensor]] = []

    def spread(self, parameters: Iterable[nn.Parameter]) -> None:
        """Between backward and step: make sparse gradients dense, rows that come several times added up."""
        for parameter in parameters:
            gradient = parameter.grad
            if gradient is None or not gradient.is_sparse:
                continue
            if parameter not in self.dense:
                self.dense[parameter] = torch.zeros_like(parameter)
            parameter.grad, row = self.dense[parameter], gradient._indices()[0]
            parameter.grad.index_add_(0, row, gradient._values())
            self.written.append((parameter.grad, row))

    def clear(self) -> None:
        """After the step: zeros again where it wrote."""
        for dense, row in self.written:
            dense.index_fill_(0, row, 0)
        self.written.clear()
