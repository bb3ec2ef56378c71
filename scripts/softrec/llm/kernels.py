"""Which kernels run a base model's layers: those of transformers one by one, or fused ones.

Eager layers spend more of a GPU's time on elementwise operations than on matrix products. Fused kernels read and write
memory less often. They round otherwise, so what a model says may differ in its last digits: the choice is part of the
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
CAUSAL, GROUPED = "causal_sdpa", "grouped_sdpa"  # names of attention to transformers: its own, `grouped_attention`
REMEDY = "set kernels: eager for this model (llms.<name>.kernels)"


def install(model: Any, kernels: Kernels) -> None:
    """Give a model of transformers its kernels, in place; weights keep their names and are the same tensors.

    Without a 4-D mask the model is causal, and nothing else: what is padded is padded on the right.

    - eager: transformers' own modules.
    - fused: every RMSNorm is one kernel (`torch.nn.functional.rms_norm`) in place of six, and attention with a mask
      reads keys that several heads share without copying them (`grouped_attention`). In fp32 both compute the same but
      for the order of sums; in bf16 the norm rounds once where transformers rounds twice.
    - compiled: fused, and each decoder layer is compiled (`compile_layers`).

    Raises:
        SoftrecError: the model has no RMSNorm, or one that computes something else (as Gemma's, which adds 1).
    """
    # transformers makes no mask for an attention whose name it does not know: ours are made already, or attention is
    # causal. Else it would look for packed rows first, and Python would wait for the GPU in every pass.
    AttentionInterface.register(CAUSAL, sdpa_attention_forward)
    AttentionInterface.register(GROUPED, grouped_attention)
    model.config._attn_implementation = CAUSAL if kernels == "eager" else GROUPED
    if kernels == "eager":
        return
    fuse_norms(model)
    if kernels == "compiled":
        compile_layers(model)


def fuse_norms(model: nn.Module) -> None:
    """Replace each RMSNorm of transformers by `torch.nn.RMSNorm` on the same weight."""
    norms = [(name, module) for name, module in model.named_modules() if type(module).__name__.endswith("RMSNorm")]
    if not norms:
        raise SoftrecError(f"a {type(model).__name__} has no RMSNorm that could be fused", remedy=REMEDY)
    for name, norm in norms:
        parent, _, own = name.rpartition(".")
        setattr(model.get_submodule(parent), own, fused(name, norm))


def fused(name: str, norm: Any) -> nn.RMSNorm:
    """`torch.nn.RMSNorm` with the weight of a module of transformers.

    Raises `SoftrecError` unless both say the same of a test vector: a class may share the name and not the formula.
    """
    weight = norm.weight
    eps = getattr(norm, "variance_epsilon", None)
    if eps is not None:
        with torch.device("meta"):  # its own weight is dropped at once
            new = nn.RMSNorm(tuple(weight.shape), eps=eps)
        new.weight = weight
        probe = torch.linspace(-2, 3, weight.numel(), dtype=weight.dtype, device=weight.device).view(weight.shape)
        with torch.no_grad():
            # Two roundings of bf16 against one: up to 2^-8 of the value.
            if torch.allclose(new(probe).float(), norm(probe).float(), rtol=2**-7, atol=1e-5):
                return new
    raise SoftrecError(f"{name} is a {type(norm).__name__}, which is not Llama's formula", remedy=REMEDY)


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
    """Attention by torch's own kernels, without copies of keys and values that several query heads share.

    The G heads that share keys are laid out as G times as many queries of one head. With a mask, torch has no fast
    kernel for shared keys, and transformers repeats them G times. Without a mask that is not so, and transformers' way
    is taken.

    Args:
        query: (B, heads, Q, d). key, value: (B, heads / G, K, d). attention_mask: (B, 1, Q, K), additive.

    Returns:
        (B, Q, heads, d), and no weights.
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
    """Compile each decoder layer by itself, for inputs of any size; it takes effect in training alone.

    Layers are alike, so one or two graphs serve all of them; compiling the whole model would take minutes. The compiler
    draws other dropout masks than eager layers do. Nothing is compiled before the first forward pass.

    Raises `SoftrecError` if there is no C compiler, which torch's own compiler uses on CPU and GPU alike.
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
