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
      up to the order of sums; in bf16 the norm rounds once, transformers' twice.
    - compiled: fused, and each decoder layer is compiled (`compile_layers`).

    Raises:
        SoftrecError: the model has no RMSNorm, or one with another formula (such as Gemma's, which adds 1), or compiled
            kernels are requested and there is no C compiler.
    """
    # transformers builds no mask for an attention name that it does not know, and needs none: masks are given, or
    # attention is causal. Otherwise it would look for packed rows, and synchronise with the GPU in every pass.
    AttentionInterface.register(CAUSAL, sdpa_attention_forward)
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


def fused(name: str, norm: Any) -> nn.RMSNorm:
    """Build a `torch.nn.RMSNorm` with the weight of a transformers module.

    Raises `SoftrecError` unless both agree on a test vector: a class may have the name but another formula.
    """
    weight = norm.weight
    eps = getattr(norm, "variance_epsilon", None)
    if eps is not None:
        with torch.device("meta"):  # its initial weight is replaced immediately, so none is allocated
            new = nn.RMSNorm(tuple(weight.shape), eps=eps)
        new.weight = weight
        probe = torch.linspace(-2, 3, weight.numel(), dtype=weight.dtype, device=weight.device).view(weight.shape)
        with torch.no_grad():
            # bf16 rounds twice in one and once in the other: they differ by up to 2^-8 of the value.
            if torch.allclose(new(probe).float(), norm(probe).float(), rtol=2**-7, atol=1e-5):
                return new
    raise SoftrecError(f"{name} is a {type(norm).__name__}, which does not compute Llama's formula", remedy=REMEDY)


def grouped_attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
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
