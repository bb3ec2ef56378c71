"""Log-likelihoods of responses: l(y) = sum over k of log pi(y_k | x, y_<k), EOS included (paper, section 2.2)."""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import torch
from torch import nn

from common.log import Progress
from softrec.core import distributed
from softrec.llm.architectures import logits
from softrec.llm.base_model import causal_model
from softrec.llm.branches import BranchBatch, Row, collate
from softrec.llm.language_model import LanguageModel


class ResponseLikelihood(nn.Module):
    """A language model and its backbone as one module that engines train: batches to log-likelihoods.

    Args:
        model: a causal language model of transformers, with or without LoRA.
        backbone: a module of `softrec.llm.backbones`.
        smoothing: epsilon of label smoothing; each token's log-likelihood is then (1 - epsilon) log pi(y_k) +
            epsilon / V sum over the V tokens v of the vocabulary of log pi(v) (Szegedy et al., 2016).
    """

    def __init__(self, model: Any, backbone: ModuleType, smoothing: float = 0.0) -> None:
        super().__init__()
        self.model = model
        self.backbone = backbone
        self.smoothing = smoothing

    def forward(self, batch: BranchBatch) -> torch.Tensor:
        """Compute the (R,) summed log-likelihoods of the branches, in fp32.

        The largest arrays are the logits of the n response tokens and their log-softmax, (n, V) in fp32: for a
        micro-batch of 8 titles of 15 tokens and V = 128,256, 62 MB each. Smoothing keeps no further one for the
        backward pass, which allocates one more (n, V) array while it runs.

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
        log_probability = -nn.functional.cross_entropy(
            found, batch.target, reduction="none", label_smoothing=self.smoothing
        )
        # Deterministic on a GPU, unlike `index_add`, whose order of sums varies.
        return torch.segment_reduce(log_probability, "sum", lengths=batch.length, unsafe=True)


def of_responses(
    llm: LanguageModel,
    prompts: Sequence[Sequence[int]],
    responses: Mapping[str, Sequence[Sequence[int]]],
    batch_size: int,
    share_prompt: bool,
    name: str,
) -> torch.Tensor:
    """Compute the log-likelihoods of responses by a model in its current state, without gradients, sharded over ranks.

    Args:
        llm: the model.
        prompts: token ids of the N prompts.
        responses: for each kind, token ids of the N responses.
        batch_size: prompts of a batch of one rank.
        share_prompt: whether the responses of a prompt share its forward pass.
        name: what the log calls this computation.

    Returns:
        (N, kinds) log-likelihoods in fp32 on the model's device, columns as in `responses`.
    """
    order = sorted(range(len(prompts)), key=lambda i: (-len(prompts[i]), i))  # similar lengths: less padding
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    module, own = ResponseLikelihood(llm.model, llm.backbone), {}
    progress = Progress(name, len(batches), unit="batches")
    with llm.inference():
        for number, chosen in distributed.shard(list(enumerate(batches))):
            rows = [Row(prompts[i], [(kind, of_rows[i]) for kind, of_rows in responses.items()]) for i in chosen]
            batch = collate(rows, llm.pad_id, share_prompt)
            own[number] = module(batch.to(llm.device)).view(-1, len(responses)).cpu()
            progress.step(distributed.world_size())
    found = torch.empty(len(prompts), len(responses))
    for number, part in distributed.all_gather(own).items():
        found[batches[number]] = part
    return found.to(llm.device)
