"""Kernels for a base model's layers: transformers' own, fused, or compiled.

Eager layers spend more of a GPU's time on elementwise operations than on matrix products. Fused kernels access memory
less often. They round differently, so a model's outputs may differ in the last digits: the choice is part of the
settings of every job that runs the model.
"""

import os
import shutil
from typing import Any, Literal

import torch
from torch import nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from common.errors import SoftrecError
from softrec.llm.branches import aligned

Kernels = Literal["eager", "fused", "compiled"]
# Names under which transformers' own attention and `grouped_attention` are registered.
CAUSAL, GROUPED = "causal_sdpa", "grouped_sdpa"
REMEDY = "set kernels: eager for this model (llms.<name>.kernels)"


def install(model: Any, kernels: Kernels) -> None:
    """Install kernels in a transformers model, in place; weights keep their names and are the same tensors.

    Without a 4-D mask, attention is causal and ignores padding, which must therefore be on the right.

    - eager: transformers' own modules.
    - fused: every RMSNorm is one kernel (`torch.nn.functional.rms_norm`) instead of six, and attention with a mask
      reads keys that several heads share without copying them (`grouped_attention`). In fp32 both give the same result
      up to the order of sums; in bf16 the norm rounds once, Llama's in transformers twice.
    - compiled: fused, and each decoder layer is compiled (`compile_layers`).

    A model that caps its attention scores (Gemma 2) has `capped_attention` with all of them.

    Raises:
        SoftrecError: the model has no RMSNorm, or one with a formula that is neither Llama's nor Gemma's, or compiled
            kernels are requested and there is no C compiler.
    """
    # transformers builds no mask for an attention name that it does not know, and needs none: masks are given, or
    # attention is causal. Otherwise it would look for packed rows, and synchronise with the GPU in every pass.
    AttentionInterface.register(CAUSAL, causal_attention)
    AttentionInterface.register(GROUPED, grouped_attention)
    model.config._attn_implementation = CAUSAL if kernels == "eager" else GROUPED
    if kernels == "eager":
        return
    fuse_norms(model)
    if kernels == "compiled":
        compile_layers(model)


def fuse_norms(model: nn.Module) -> None:
    """Replace each RMSNorm of transformers by a `torch.nn.RMSNorm` that shares its weight."""
    norms = [(name, module) for name, module in model.named_modules() if type(module).__name__.endswith("RMSNorm")]
    if not norms:
        raise SoftrecError(f"a {type(model).__name__} has no RMSNorm that could be fused", remedy=REMEDY)
    for name, norm in norms:
        parent, _, own = name.rpartition(".")
        setattr(model.get_submodule(parent), own, fused(name, norm))


class ShiftedRMSNorm(nn.Module):
    """Gemma's RMSNorm in one kernel: the weight w is stored as w - 1, and the norm is computed in fp32."""

    def __init__(self, weight: nn.Parameter, eps: float) -> None:
        super().__init__()
        self.weight, self.eps = weight, eps

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Normalise the last dimension of (..., n)."""
        weight = 1.0 + self.weight.float()
        return nn.functional.rms_norm(hidden.float(), weight.shape, weight, self.eps).type_as(hidden)


def llamas_norm(weight: nn.Parameter, eps: float) -> nn.Module:
    """Build torch's own RMSNorm with this weight: Llama's formula."""
    with torch.device("meta"):  # its initial weight is replaced immediately, so none is allocated
        new = nn.RMSNorm(tuple(weight.shape), eps=eps)
    new.weight = weight
    return new


def fused(name: str, norm: Any) -> nn.Module:
    """Build a norm of one kernel with the weight of a transformers module: Llama's formula, or Gemma's.

    Raises `SoftrecError` unless both agree on a test vector: a class may have the name but another formula.
    """
    weight: Any = norm.weight
    eps: Any = getattr(norm, "variance_epsilon", getattr(norm, "eps", None))
    probe = torch.linspace(-2, 3, weight.numel(), dtype=weight.dtype, device=weight.device).view(weight.shape)
    for kind in (llamas_norm, ShiftedRMSNorm) if eps is not None else ():
        new = kind(weight, eps)
        with torch.no_grad():
            # bf16 rounds twice in one and once in the other: they differ by up to 2^-8 of the value.
            if torch.allclose(new(probe).float(), norm(probe).float(), rtol=2**-7, atol=1e-5):
                return new
    what = "computes neither Llama's formula nor Gemma's"
    raise SoftrecError(f"{name} is a {type(norm).__name__}, which {what}", remedy=REMEDY)


def causal_attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    softcap: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Compute transformers' own attention by torch's kernels, or `capped_attention` if scores are capped."""
    if softcap is not None:
        return capped_attention(query, key, value, attention_mask, softcap, **kwargs)
    return sdpa_attention_forward(module, query, key, value, attention_mask, **kwargs)


def capped_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    softcap: float,
    dropout: float = 0.0,
    scaling: float = 1.0,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Compute attention whose scores s are bounded by the cap c: c tanh(s / c) (Gemma 2, section 2.3 of its report).

    Shapes and results are those of `grouped_attention`. All (B, heads, Q, K) scores are in memory at once.
    """
    batch, heads, queries, width = query.shape
    shared, keys = key.shape[1:3]
    grouped = query.reshape(batch, shared, heads // shared * queries, width)
    scores = softcap * torch.tanh(grouped @ key.transpose(2, 3) * scaling / softcap)
    scores = scores.view(batch, shared, heads // shared, queries, keys)
    if attention_mask is not None:
        scores = scores + attention_mask[:, :, None]
    elif queries > 1:
        hidden = torch.ones(queries, keys, dtype=torch.bool, device=query.device).triu(keys - queries + 1)
        scores = scores.masked_fill(hidden, torch.finfo(scores.dtype).min)
    weights = torch.softmax(scores, dim=-1, dtype=torch.float32).to(query.dtype)
    weights = nn.functional.dropout(weights, dropout).flatten(2, 3)
    return (weights @ value).view(batch, heads, queries, width).transpose(1, 2).contiguous(), None


def grouped_attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    softcap: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Compute grouped-query attention by torch's kernels, without copying shared keys and values.

    The G heads that share keys are laid out as G times as many queries of one head. With a mask, torch has no fast
    kernel for shared keys, and transformers would repeat them G times. Without a mask this function falls back to
    transformers' attention, which does not repeat them.

    Shapes: `query` (B, heads, Q, d), `key` and `value` (B, heads / G, K, d), `attention_mask` (B, 1, Q, K), additive.

    Returns:
        (B, Q, heads, d), and None in place of attention weights.
    """
    if softcap is not None:
        return capped_attention(query, key, value, attention_mask, softcap, dropout, scaling or 1.0)
    batch, heads, queries, width = query.shape
    shared = key.shape[1]
    if attention_mask is None or heads == shared:
        return sdpa_attention_forward(module, query, key, value, attention_mask, dropout, scaling, **kwargs)
    groups = heads // shared
    mask = aligned((len(attention_mask), 1, groups, *attention_mask.shape[2:]), attention_mask)
    mask.copy_(attention_mask[:, :, None].expand(mask.shape))
    found = nn.functional.scaled_dot_product_attention(
        query.reshape(batch, shared, groups * queries, width),
        key,
        value,
        attn_mask=mask.flatten(2, 3),
        dropout_p=dropout,
        scale=scaling,
    )
    return found.view(batch, heads, queries, width).transpose(1, 2).contiguous(), None


def compile_layers(model: Any) -> None:
    """Compile each decoder layer separately, for inputs of any size; it takes effect only in training.

    Layers have the same structure, so one or two graphs serve all of them; compiling the whole model would take
    minutes. Compiled layers draw other dropout masks than eager ones. Compilation starts at the first forward pass.

    Raises `SoftrecError` if there is no C compiler, which torch's compiler needs on CPU and GPU alike.
    """
    compilers = [os.environ.get("CC", ""), "gcc", "cc", "clang"]
    if not any(shutil.which(name) for name in compilers):
        raise SoftrecError(
            "kernels: compiled needs a C compiler, and none is on PATH",
            where="looked for " + ", ".join(filter(None, compilers)),
            remedy="install gcc (on a cluster: module load gcc), or set kernels: fused (llms.<name>.kernels)",
        )
    for layer in model.model.layers:
        layer.compile(dynamic=True)
