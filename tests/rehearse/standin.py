"""What stands in for a GPU's work: a tiny base model, its embeddings widened, and predictions from the catalogue."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from common import file_digests, files
from rehearse.shapes import Shape
from rehearse.titles import titles
from softrec.core import seeds
from softrec.decoding import predictions
from softrec.io import arrays, tables
from softrec.llm.prompts import Words
from softrec.llm.tiny_corpus import tokenizer_texts
from softrec.llm.tiny_llm import TinySettings, train_tokenizer

SEED = 1
WIDTH, WIDE = 64, 3072  # of the stand-in, and of Llama-3.2-3B
VOCABULARY, CONTEXT = 8192, 4096
READ = 20_000  # titles that the tokeniser is trained on
LONGEST = 12  # tokens after which most texts end
PULL, STOP, MARK = 1.5, 5.0, 0.06  # how strongly a token calls for the next one, the last one for the end; see `chain`
QUIET = 0.25  # of what layers add
NOISE = 0.05  # of a prediction's embedding, beside the title that it says


def make_base(folder: Path, name: str, shape: Shape, words: Words) -> None:
    """A Llama of two narrow layers with random weights and a tokeniser of titles, as a transformers folder."""
    from transformers import LlamaConfig, LlamaForCausalLM

    made = [text.replace('\\"', "'") for text in titles(seeds.stream(SEED, "rehearse", name, "base"), shape, READ)]
    settings = TinySettings(VOCABULARY, WIDTH, 2, 4, CONTEXT, 1, 1, 8, 1e-3, SEED, words)
    tokenizer = train_tokenizer(tokenizer_texts(made, [None] * len(made), words), settings)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=3 * WIDTH,
        num_hidden_layers=2,
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
    with files.atomic_write(folder) as partial:
        model.save_pretrained(partial)
        tokenizer.save_pretrained(partial)


def chain(model: Any, end: int) -> None:
    """Let each token call for the next by number, and each twelfth for the end: texts are as short as titles.

    The first number of a token's embedding marks those that call for the end.
    """
    embedding = model.model.embed_tokens.weight
    last = torch.arange(len(embedding)) % LONGEST == LONGEST - 1
    for layer in model.model.layers:  # whose random sums would drown the chain
        layer.self_attn.o_proj.weight *= QUIET
        layer.mlp.down_proj.weight *= QUIET
    embedding[:, 0] = torch.where(last, MARK, -MARK)
    rows = torch.zeros_like(embedding)
    rows[1:] = PULL * torch.nn.functional.normalize(embedding[:-1], dim=1)
    rows[:, 0] = 0
    rows[end] = 0
    rows[end, 0] = STOP
    model.lm_head.weight.copy_(rows)


def widen(source: Path, target: Path) -> None:
    """Write embeddings of the stand-in as wide as the paper's model gives them: all by the same random projection."""
    chance = seeds.stream(SEED, "rehearse", "projection")
    projection = chance.standard_normal((WIDTH, WIDE), np.float32) / np.float32(WIDTH**0.5)
    arrays.write_array(target, arrays.read_array(source, "float32", (None, None)) @ projection)


def restate(path: Path, name: str) -> None:
    """Let the manifest beside a stand-in say what it is now, and that it was made of nothing.

    Else the job that reads it would refuse it, and its ancestors would be looked for where there are none.

    Args:
        name: of the file, as jobs know it.
    """
    place = files.manifest_of(path)
    files.write_json(place, {**files.read_json(place), "inputs": {}, "outputs": {name: file_digests.sha256(path)}})


def draw_predictions(catalogue: Path, titles: Path, rows: int, name: str, text: Path, embeddings: Path) -> None:
    """Write `rows` predictions: titles of the catalogue, and beside each embedding a little noise."""
    chance = seeds.stream(SEED, "rehearse", "predictions", name)
    table = tables.read_table(catalogue, ["title", "title_id"])
    item = chance.integers(0, len(table), rows)
    known, title_id = table["title"].to_pylist(), table["title_id"].to_numpy()
    z = arrays.read_array(titles, "float32", (None, None))[title_id[item]]
    z += NOISE * z.std() * chance.standard_normal(z.shape, np.float32)
    arrays.write_array(embeddings, z)
    write_texts(text, [f'"{known[i]}"' for i in item])


def write_texts(path: Path, texts: Sequence[str]) -> None:
    """A file of predictions, all of them ended."""
    columns = {"row": range(len(texts)), "text": texts, "finished": [True] * len(texts)}
    tables.write_table(path, columns, predictions.TYPES)
