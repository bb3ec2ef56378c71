"""Log-likelihoods of responses: l(y) = sum over k of log pi(y_k | x, y_<k), EOS included (paper, section 2.2)."""

from types import ModuleType
from typing import Any

import torch
from torch import nn

from softrec.llm.architectures import logits
from softrec.llm.base_model import causal_model
from softrec.llm.branches import BranchBatch


class ResponseLikelihood(nn.Module):
    """A language model and its backbone as one module that engines train: batches to log-likelihoods.

    Args:
        model: a causal language model of transformers, with or without LoRA.
        backbone: a module of `softrec.llm.backbones`.
    """

    def __init__(self, model: Any, backbone: ModuleType) -> None:
        super().__init__()
        self.model = model
        self.backbone = backbone

    def forward(self, batch: BranchBatch) -> torch.Tensor:
        """Compute the (R,) summed log-likelihoods of the branches, in fp32.

        The output layer is applied only at positions that predict a response token, which saves most of its memory and
        time: a prompt is ten times as long as a title.
        """
        language_model = causal_model(self.model)
        embedded = self.backbone.input_embeddings(language_model, batch.input_ids)
        hidden = language_model.model(
            inputs_embeds=embedded,
            attention_mask=batch.attention_mask(embedded.dtype),
            position_ids=batch.position_ids,
            use_cache=False,
        ).last_hidden_state
        found = logits(language_model, hidden[batch.at_row, batch.at_column]).float()
        log_probability = -nn.functional.cross_entropy(found, batch.target, reduction="none")
        # Deterministic on a GPU, unlike `index_add`, whose order of sums varies.
        return torch.segment_reduce(log_probability, "sum", lengths=batch.length, unsafe=True)
