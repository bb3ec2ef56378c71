"""How fast a language model of Llama-3.2-3B's shape is tuned and asked on this GPU: `python tests/gpu/speed.py`.

Each line has what was measured and, where there is one, what was foreseen by counting kernels on an H100 before any was
seen. Weights are random and rows as long as the paper's: times do not depend on what is in them. `--part` is one of
the tables, `--tiny` a small model, on the CPU if there is no GPU: a rehearsal.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bench"), str(HERE.parents[1] / "scripts")]

import numpy as np  # noqa: E402
import torch  # noqa: E402

from asking import answering, embedding, grounding  # noqa: E402
from measuring import Measured, attempted, ceilings, measured, nominal_peak, top_kernels  # noqa: E402
from shapes import DEVICE, LLAMA_3B, TINY, model  # noqa: E402
from softrec.llm.branches import BranchBatch, Row, collate  # noqa: E402
from softrec.llm.kernels import Kernels  # noqa: E402
from softrec.llm.language_model import LanguageModel, LoraSettings, attach_lora  # noqa: E402
from softrec.llm.log_likelihood import ResponseLikelihood  # noqa: E402
from softrec.tuning.run import recompute_activations  # noqa: E402
from trainers import GLOBAL, beside_trainer  # noqa: E402


class Training(NamedTuple):
    """A line of the table of training: rows of a prompt and `titles` responses of so many tokens.

    foreseen: milliseconds and GB on an H100, as counted.
    """

    name: str
    rows: int
    prompt: int = 220
    titles: int = 1
    title: int = 15
    share: bool = True
    recompute: bool = False
    foreseen: tuple[float, float] | None = None


TRAINING = [
    Training("SFT", 8, foreseen=(70, 13.9)),
    Training("SOFT, shared prompt", 8, titles=2, foreseen=(81, 15.0)),
    Training("SOFT, rows of their own", 8, titles=2, share=False, foreseen=(139, 21.4)),
    Training("S-DPO, shared prompt", 8, titles=4, foreseen=(93, 16.4)),
    Training("S-DPO, rows of their own", 8, titles=4, share=False, foreseen=(277, 36.4)),
    Training("SFT, recomputed activations", 8, recompute=True, foreseen=(96, 7.6)),
    Training("SFT", 16, foreseen=(139, 21.4)),
    Training("SOFT, shared prompt", 16, titles=2, foreseen=(162, 23.6)),
    Training("SFT, longest rows", 8, prompt=700, title=64, foreseen=(231, 30.5)),
    Training("SOFT, longest rows", 8, prompt=700, titles=2, title=64, foreseen=(320, 35.2)),
    Training("SFT", 32, foreseen=(277, 36.4)),
    Training("SOFT, shared prompt", 32, titles=2, foreseen=(323, 40.8)),
]


def rows_of(line: Training, vocabulary: int) -> list[Row]:
    """Rows of random tokens."""
    rng = np.random.default_rng(3)

    def tokens(count: int) -> list[int]:
        return rng.integers(3, vocabulary, count).tolist()

    kinds = [f"title {j}" for j in range(line.titles)]
    return [
        Row([1, *tokens(line.prompt - 1)], [(kind, [*tokens(line.title - 1), 2]) for kind in kinds])
        for _ in range(line.rows)
    ]


def micro_batch(tuned: LanguageModel, rows: Sequence[Row], share: bool) -> Callable[[], torch.Tensor]:
    """Layout, forward and backward of one micro batch, as a tuning job does it. Returns the summed likelihood."""
    module = ResponseLikelihood(tuned.model, tuned.backbone)

    def run() -> torch.Tensor:
        batch: BranchBatch = collate(rows, tuned.pad_id, share).to(tuned.device)
        likelihood = module(batch).sum()
        (-likelihood / batch.target.numel()).backward()
        return likelihood.detach()

    return run


def training_line(line: Training, found: Measured, tokens: int, weights: float, peak: float) -> str:
    """A row of the table. Operations are 4 N a token: LoRA needs no gradient of frozen weights."""
    share = 4 * weights * tokens / (found.milliseconds / 1e3) / peak
    foreseen = f"{line.foreseen[0]} | {line.foreseen[1]}" if line.foreseen else " | "
    speed = tokens / found.milliseconds * 1e3
    return (
        f"| {line.name} | {line.rows} | {tokens:,} | {found.milliseconds:.1f} | {speed:,.0f} | {share:.0%} "
        f"| {found.peak:.1f} | {foreseen} |"
    )


HEAD = (
    "| micro batch | rows | tokens | ms | tokens/s | of the peak | GB | foreseen ms | foreseen GB |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)


def training(shape: dict[str, Any], kernels: Kernels, peak: float) -> None:
    """The table of training with one choice of kernels, and the kernels that its first line spends most in."""
    print(f"\n### Training, kernels: {kernels}\n\n{HEAD}", flush=True)
    lora = LoraSettings(8, 16, 0.05, ["q_proj", "v_proj"])
    tuned = attach_lora(model(shape, kernels), lora, seed=1)
    tuned.model.train()
    weights = float(sum(p.numel() for p in tuned.model.parameters() if not p.requires_grad))
    plain = [line for line in TRAINING if not line.recompute]
    for line in [*plain, *[line for line in TRAINING if line.recompute]]:  # which cannot be switched off again
        rows = rows_of(line, shape["vocab_size"])
        if line.recompute:
            # Counted before: no other line has the extra forward pass.
            dearest = top_kernels(DEVICE, micro_batch(tuned, rows_of(TRAINING[0], shape["vocab_size"]), True))
            recompute_activations(tuned)
        tokens = (
            sum(map(len, rows)) if line.share else sum(len(r.prompt) + len(t) for r in rows for _, t in r.responses)
        )
        attempted(
            lambda line=line, rows=rows, tokens=tokens: training_line(
                line, measured(DEVICE, micro_batch(tuned, rows, line.share)), tokens, weights, peak
            )
        )
    print(f"\nKernels of a micro batch of SFT, {TRAINING[0].rows} rows:\n\n{dearest}", flush=True)


def main() -> int:
    """Print the tables that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = ["eager", "fused", "compiled", "trainer", "answering", "embedding", "grounding"]
    parser.add_argument("--part", choices=parts, action="append", help="of the tables; all but `compiled` by default")
    parser.add_argument("--tiny", action="store_true", help="a small model: a rehearsal")
    args = parser.parse_args()
    if not args.tiny and DEVICE.type != "cuda":
        print(f"no GPU is to be seen by torch {torch.__version__}: nothing was measured (--tiny rehearses)")
        return 2
    shape = TINY if args.tiny else LLAMA_3B
    peak, bandwidth = ceilings(DEVICE, 128 if args.tiny else 8192)
    card = torch.cuda.get_device_name() if DEVICE.type == "cuda" else "CPU, a rehearsal"
    print(f"{card}; torch {torch.__version__}; {peak / 1e12:.0f} TFLOP/s of bf16 products, {bandwidth / 1e12:.2f} TB/s")
    peak = nominal_peak(card, peak)
    print(f"shares are of {peak / 1e12:.0f} TFLOP/s")
    for part in args.part or [part for part in parts if part != "compiled"]:
        if part in ("eager", "fused", "compiled"):
            training(shape, part, peak)
        elif part == "trainer":
            beside_trainer(shape, rows_of(Training("", GLOBAL), shape["vocab_size"]))
        else:
            {"answering": answering, "embedding": embedding, "grounding": grounding}[part](shape, tiny=args.tiny)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
