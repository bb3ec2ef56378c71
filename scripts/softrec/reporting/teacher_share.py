"""Share of DLLM2Rec's training rows labelled by its LLM teacher, for the note below Table 2."""

from collections.abc import Sequence
from pathlib import Path

from softrec.io.training_log import read_lines


def format_teacher_share(logs: Sequence[Path], datasets: Sequence[str]) -> str:
    """Return the sentence on the teacher's share by data set; "" where DLLM2Rec did not run.

    "DLLM2Rec's teacher has labelled 4,096 of 77,654 training rows of ML-100K."
    """
    parts = []
    for path, dataset in zip(logs, datasets, strict=True):
        summary = read_lines(path)[-1]
        parts.append(f"{summary['teacher_rows']:,} of {summary['training_rows']:,} training rows of {dataset}")
    return f"DLLM2Rec's teacher has labelled {', '.join(parts)}." if parts else ""
