"""What stands in for a GPU's work: a small base model of the paper's width, and predictions from the catalogue."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from softrec import files, predictions, seeds
from softrec.prompts import Words
from softrec.tiny_corpus import tokenizer_texts
from softrec.tiny_llm import TinySettings, train_tokenizer

from rehearse.shapes import Shape
from rehearse.titles import titles

SEED = 1
WIDTH = 3072  # of Llama-3.2-3B
VOCABULARY, CONTEXT = 8192, 4096
READ = 20_000  # titles that the tokeniser is trained on
LONGEST = 12  # tokens after which most texts end
PULL = 0.2  # how strongly a token calls for the one that follows it
NOISE = 0.05  # of a prediction's embedding, beside the title that it says


def make_base(folder: Path, name: str, shape: Shape, words: Words) -> None:
    """A Llama of one narrow layer, 3,072 wide, with random weights and a tokeniser of titles: a transformers folder."""
    from transformers import LlamaConfig, LlamaForCausalLM

    made = [text.replace('\\"', "'") for text in titles(seeds.stream(SEED, "rehearse", name, "base"), shape, READ)]
    settings = TinySettings(VOCABULARY, WIDTH, 1, 4, CONTEXT, 1, 1, 8, 1e-3, SEED, words)
    tokenizer = train_tokenizer(tokenizer_texts(made, [None] * len(made), words), settings)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=False,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(seeds.derive(SEED, "rehearse", "weights"))
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        chain(model, int(tokenizer.eos_token_id))
    with files.write_whole(folder) as partial:
        model.save_pretrained(partial)
        tokenizer.save_pretrained(partial)


def chain(model: Any, end: int) -> None:
    """Let each token call for the next by number, and each twelfth for the end: texts are as short as titles."""
    embedding = torch.nn.functional.normalize(model.model.embed_tokens.weight, dim=1)
    rows = torch.zeros_like(embedding)
    rows[1:] = PULL * embedding[:-1]
    last = torch.arange(LONGEST - 1, len(embedding) - 1, LONGEST)
    rows[last + 1] = 0
    rows[end] = PULL * embedding[last].sum(dim=0)
    model.lm_head.weight.copy_(rows)


def draw_predictions(catalogue: Path, titles: Path, rows: int, name: str, text: Path, embeddings: Path) -> None:
    """Write `rows` predictions: titles of the catalogue, and beside each embedding a little noise."""
    chance = seeds.stream(SEED, "rehearse", "predictions", name)
    table = files.read_table(catalogue, ["title", "title_id"])
    item = chance.integers(0, len(table), rows)
    known, title_id = table["title"].to_pylist(), table["title_id"].to_numpy()
    z = files.read_array(titles)[title_id[item]]
    z += NOISE * z.std() * chance.standard_normal(z.shape, np.float32)
    files.write_array(embeddings, z)
    write_texts(text, [f'"{known[i]}"' for i in item])


def write_texts(path: Path, texts: Sequence[str]) -> None:
    """A file of predictions, all of them ended."""
    columns = {"row": range(len(texts)), "text": texts, "finished": [True] * len(texts)}
    files.write_table(path, columns, predictions.TYPES)
