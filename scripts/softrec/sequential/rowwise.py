"""Dense gradients of large embedding tables, reused across steps.

Adam updates every row in every step, including rows that the batch has not read, so it needs dense gradients. Autograd
would allocate them anew in every step: with 61,528 items two arrays of 16 MB, whose allocation and zeroing take as long
as Adam itself. Here the arrays are kept, and only the rows that a step has written are zeroed again.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class RowGradients:
    """Dense gradients of the parameters with sparse gradients in autograd: embeddings with `sparse=True`."""

    def __init__(self) -> None:
        self.dense: dict[nn.Parameter, Tensor] = {}
        self.written: list[tuple[Tensor, Tensor]] = []

    def spread(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace sparse gradients by dense ones, summing repeated rows; call between backward and step."""
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
        """Zero the written rows again; call after the step."""
        for dense, row in self.written:
            dense.index_fill_(0, row, 0)
        self.written.clear()
