"""Title embeddings z: the base model's last hidden state at the last token of the bare title (paper, section 2.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from common.errors import SoftrecError
from common.log import info
from softrec.core import distributed
from softrec.core.devices import moved
from softrec.llm.base_model import Precision
from softrec.llm.kernels import Kernels
from softrec.llm.language_model import LanguageModel


@dataclass(frozen=True)
class EmbeddingSettings:
    """Settings of embeddings: backbone (module of `softrec.llm.backbones`), precision, batch size and kernels."""

    backbone: str
    precision: Precision
    batch_size: int
    kernels: Kernels = "eager"


def embed(llm: LanguageModel, texts: Sequence[str], batch_size: int) -> np.ndarray:
    """Compute the embedding z of each text: (n, D) float32, from the untuned base model, with BOS, not normalised.

    Equal texts are computed once, and texts of similar length are batched together. An empty text is BOS alone. A text
    longer than the model's context is truncated on the right, and the log says so. Batches are sharded over ranks, and
    each rank gets all embeddings.

    Raises `SoftrecError` if an embedding is not finite.
    """
    tokenizer = llm.tokenizer
    bos = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    distinct = list(dict.fromkeys(texts))
    # A title that contains the text of EOS must not become EOS.
    as_text = {"add_special_tokens": False, "split_special_tokens": True}
    encoded = tokenizer(distinct, **as_text)["input_ids"] if distinct else []
    tokens = [[bos, *ids][: llm.context] for ids in encoded]
    if cut := sum(len(ids) >= llm.context for ids in encoded):
        most = f"the model's context of {llm.context:,} tokens"
        info(f"{cut:,} of {len(distinct):,} texts are longer than {most} and were truncated")
    order = sorted(range(len(tokens)), key=lambda i: (len(tokens[i]), i))
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    states: dict[int, np.ndarray] = {}
    with llm.inference(base=True):
        for number, chosen in distributed.shard(list(enumerate(batches))):
            states[number] = last_states(llm, [tokens[i] for i in chosen])
    z = np.empty((len(tokens), llm.causal.config.hidden_size), np.float32)
    for number, found in distributed.all_gather(states).items():
        z[batches[number]] = found
    sound = np.isfinite(z.sum(axis=1))  # a sum per row, which avoids a mask of the size of z (61,528 x 3,072)
    if not sound.all():
        text = distinct[int(np.argmin(sound))]
        remedy = "look for weights that are too large in the base model, or give precision fp32"
        raise SoftrecError(f"the base model's embedding of {text!r:.90} is not finite", remedy=remedy)
    place = {text: i for i, text in enumerate(distinct)}
    return z[[place[text] for text in texts]]


def last_states(llm: LanguageModel, tokens: Sequence[Sequence[int]]) -> np.ndarray:
    """Compute the (B, D) float32 hidden states after the final norm at each row's last token.

    Padding is on the right: with causal attention no token attends to it, and positions need no correction.
    """
    lengths = torch.tensor([len(row) for row in tokens])
    input_ids = torch.full((len(tokens), int(lengths.max())), llm.pad_id)
    for i, row in enumerate(tokens):
        input_ids[i, : len(row)] = torch.as_tensor(row)
    hidden = llm.causal.model(input_ids=moved(input_ids, llm.device), use_cache=False).last_hidden_state
    return hidden[torch.arange(len(tokens)), lengths - 1].float().cpu().numpy()
