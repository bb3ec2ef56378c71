"""The trainers of transformers and TRL, on the rows, order, precision, adapter and optimiser that ours has."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
from transformers.utils import logging

from softrec.llm.language_model import LanguageModel
from training_rows import GLOBAL, MICRO, OPTIMISER, SEED, Tokens, batches

logging.disable_progress_bar()
logging.set_verbosity_error()
datasets.disable_progress_bars()


def arguments(folder: Path, rows: int, micro: int = MICRO) -> dict[str, Any]:
    """Arguments of a trainer: micro batches in the order of ours, an update per global batch, fp32, nothing saved."""
    return {
        "output_dir": str(folder / "trainer"),
        "num_train_epochs": 1,
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": min(rows, GLOBAL) // micro,
        "gradient_checkpointing": False,
        "train_sampling_strategy": "sequential",
        "learning_rate": OPTIMISER.learning_rate,
        "lr_scheduler_type": "constant",
        "weight_decay": OPTIMISER.weight_decay,
        "max_grad_norm": OPTIMISER.gradient_clip,
        "use_cpu": True,
        "bf16": False,
        "save_strategy": "no",
        "logging_steps": 1,
        "report_to": "none",
        "disable_tqdm": True,
        "seed": SEED,
    }


def labelled(prompts: Tokens, responses: Tokens) -> datasets.Dataset:
    """Prompts with their responses, labels -100 on the prompt, in the order of the updates."""
    order = np.concatenate(batches(len(prompts)))
    rows = [
        {"input_ids": [*prompts[i], *responses[i]], "labels": [*[-100] * len(prompts[i]), *responses[i]]} for i in order
    ]
    return datasets.Dataset.from_list(rows)


def padded(llm: LanguageModel) -> Any:
    """What makes a batch of rows: padded on the right to the longest of them."""

    def collate(rows: Sequence[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
        ids, labels = ([torch.tensor(row[name]) for row in rows] for name in ("input_ids", "labels"))
        pad = torch.nn.utils.rnn.pad_sequence
        seen = [torch.ones_like(row) for row in ids]
        return {
            "input_ids": pad(ids, batch_first=True, padding_value=llm.pad_id),
            "attention_mask": pad(seen, batch_first=True),
            "labels": pad(labels, batch_first=True, padding_value=-100),
        }

    return collate


def hf_trainer(llm: LanguageModel, prompts: Tokens, responses: Tokens, folder: Path) -> Any:
    """Transformers' `Trainer`."""
    from transformers import Trainer, TrainingArguments

    args = TrainingArguments(**arguments(folder, len(prompts)))
    return Trainer(llm.model, args, padded(llm), labelled(prompts, responses))


def trl_sft(llm: LanguageModel, prompts: Tokens, responses: Tokens, folder: Path) -> Any:
    """TRL's `SFTTrainer`."""
    from trl import SFTConfig, SFTTrainer

    args = SFTConfig(
        **arguments(folder, len(prompts)), dataset_kwargs={"skip_prepare_dataset": True}, completion_only_loss=True
    )
    data = labelled(prompts, responses)
    return SFTTrainer(llm.model, args, train_dataset=data, processing_class=llm.tokenizer)


def trl_dpo(
    llm: LanguageModel, prompts: Tokens, responses: dict[str, Tokens], folder: Path, beta: float, micro: int
) -> Any:
    """TRL's `DPOTrainer` on pairs of the first response and the second; the reference is asked before training."""
    from trl import DPOConfig, DPOTrainer

    class Tokenised(DPOTrainer):
        """Takes rows that are tokens already."""

        def _prepare_dataset(self, dataset: datasets.Dataset, *args: Any) -> datasets.Dataset:
            return dataset

    chosen, rejected, *_ = responses.values()
    order = np.concatenate(batches(len(prompts)))
    rows = [{"prompt_ids": prompts[i], "chosen_ids": chosen[i], "rejected_ids": rejected[i]} for i in order]
    args = DPOConfig(**arguments(folder, len(prompts), micro), beta=beta, precompute_ref_log_probs=True)
    data = datasets.Dataset.from_list(rows)
    return Tokenised(llm.model, args=args, train_dataset=data, processing_class=llm.tokenizer)


def logged(trainer: Any) -> list[tuple[float, float]]:
    """The loss and the gradient's norm of each update that a trainer has made."""
    return [(line["loss"], line["grad_norm"]) for line in trainer.state.log_history if "grad_norm" in line]
