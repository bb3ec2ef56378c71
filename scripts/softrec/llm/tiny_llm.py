"""The demo's base model: a Llama with about a million parameters, pre-trained on the catalogue's text.

It replaces the paper's pre-trained LLM: it knows titles and categories as language, and has seen no user data. It shows
that the workflow runs, not that SOFT improves results.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from common.errors import SoftrecError
from common.log import Progress
from softrec.core import seeds
from softrec.core.devices import prepare_training
from softrec.llm.base_model import no_progress_bars
from softrec.llm.prompts import Words
from softrec.llm.tiny_corpus import documents, tokenizer_texts

BOS, EOS, PAD = "<s>", "</s>", "<pad>"
SEPARATOR = '", "|"'  # no token spans the quotes and commas around titles


@dataclass(frozen=True)
class TinySettings:
    """Size of the model and its pre-training: `steps` updates on `batch_size` blocks of `block` tokens."""

    vocabulary: int
    hidden: int
    layers: int
    heads: int
    context: int
    steps: int
    batch_size: int
    block: int
    learning_rate: float
    seed: int
    words: Words


def train_tokenizer(texts: Sequence[str], settings: TinySettings) -> Any:
    """Train a byte-level BPE tokeniser on the catalogue's text and the prompt template; it can encode any text.

    Merges may span words: a title is two or three tokens, and each fixed part of the template is one. Prompts have
    about a quarter of the tokens that they would have with one token per word, which saves time everywhere.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    apart = pre_tokenizers.Split(Regex(SEPARATOR), "isolated")
    joined = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([apart, joined])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=settings.vocabulary,
        special_tokens=[PAD, BOS, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=BOS, eos_token=EOS, pad_token=PAD)


def new_model(tokenizer: Any, settings: TinySettings) -> Any:
    """Build a Llama with random weights from the stream "weights"."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden,
        intermediate_size=3 * settings.hidden,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        max_position_embeddings=settings.context,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seeds.derive(settings.seed, "weights"))
        return LlamaForCausalLM(config)


def blocks(
    tokenizer: Any, titles: Sequence[str], categories: Sequence[str | None], settings: TinySettings
) -> Iterator[torch.Tensor]:
    """Yield (batch, block) token ids forever: documents (BOS ... EOS), packed in a new seeded order in every pass."""
    size = settings.batch_size * settings.block
    stock: list[int] = []
    epoch = 0
    while True:
        rng = seeds.stream(settings.seed, "documents", epoch)
        texts = documents(titles, categories, settings.words, rng)
        encoded = tokenizer(texts, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        for i in rng.permutation(len(encoded)):
            stock += [tokenizer.bos_token_id, *encoded[i], tokenizer.eos_token_id]
            if len(stock) >= size:
                yield torch.tensor(stock[:size]).view(settings.batch_size, settings.block)
                stock = stock[size:]
        epoch += 1


def pretrain(titles: Sequence[str], categories: Sequence[str | None], settings: TinySettings) -> tuple[Any, Any]:
    """Pre-train tokeniser and model on the catalogue. Returns (model, tokeniser).

    Raises `SoftrecError` if the loss is not finite.
    """
    no_progress_bars()
    prepare_training(torch.device("cpu"))
    tokenizer = train_tokenizer(tokenizer_texts(titles, categories, settings.words), settings)
    model = new_model(tokenizer, settings)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=0.01, betas=(0.9, 0.95))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.learning_rate, settings.steps, pct_start=0.1)
    progress = Progress("pretrain_tiny_llm", settings.steps, unit="tok")
    model.train()
    for _, batch in zip(range(settings.steps), blocks(tokenizer, titles, categories, settings), strict=False):
        loss = model(input_ids=batch, labels=batch).loss
        if not torch.isfinite(loss):
            raise SoftrecError(f"the pre-training loss is {loss.item()}", remedy="lower llms.<name>.learning_rate")
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        progress.step(1, batch.numel(), loss=loss.item())
    return model.eval(), tokenizer
