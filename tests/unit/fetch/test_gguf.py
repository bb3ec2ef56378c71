"""A language model from a GGUF file: whole, or refused."""

from pathlib import Path

import gguf
import numpy as np
import pytest
from transformers.convert_slow_tokenizer import bytes_to_unicode

from common.errors import SoftrecError
from softrec.fetch import gguf_model
from softrec.llm.language_model import load

WIDTH, INNER = 32, 64
TOKENS = ["<|endoftext|>", "<s>", "</s>", *bytes_to_unicode().values(), "ab", "abc", "de"]
SHAPES = {
    "token_embd.weight": (len(TOKENS), WIDTH),
    "output_norm.weight": (WIDTH,),
    "blk.0.attn_norm.weight": (WIDTH,),
    "blk.0.ffn_norm.weight": (WIDTH,),
    **{f"blk.0.attn_{name}.weight": (WIDTH, WIDTH) for name in ("q", "k", "v", "output")},
    "blk.0.ffn_gate.weight": (INNER, WIDTH),
    "blk.0.ffn_up.weight": (INNER, WIDTH),
    "blk.0.ffn_down.weight": (WIDTH, INNER),
}


def write(path: Path, shapes: dict[str, tuple[int, ...]]) -> Path:
    """A Llama of one layer with random weights of these shapes, its head tied to the embedding."""
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(WIDTH // 2)
    writer.add_vocab_size(len(TOKENS))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(TOKENS)
    writer.add_token_merges(["a b", "ab c", "d e"])
    writer.add_token_types([3, 3, 3] + [1] * (len(TOKENS) - 3))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    rng = np.random.default_rng(0)
    for name, shape in shapes.items():
        writer.add_tensor(name, rng.normal(size=shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_whole_file_becomes_a_folder_that_loads(tmp_path: Path) -> None:
    """Converted, then loaded as any base model is."""
    gguf_model.to_folder(write(tmp_path / "m.gguf", SHAPES), tmp_path / "llm")
    assert load(tmp_path / "llm", "plain", "bf16").ends == [0, 2]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("blk.0.ffn_up.weight", "model.layers.0.mlp.up_proj.weight"),
        ("token_embd.weight", "model.embed_tokens.weight"),
        ("output_norm.weight", "model.norm.weight"),
    ],
)
def test_a_missing_weight_is_named(tmp_path: Path, ours: str, theirs: str) -> None:
    """Nothing is written; transformers would fill it with random numbers."""
    file = write(tmp_path / "m.gguf", {name: shape for name, shape in SHAPES.items() if name != ours})
    with pytest.raises(SoftrecError, match=f"m.gguf lacks the weight {theirs}"):
        gguf_model.to_folder(file, tmp_path / "llm")
    assert not (tmp_path / "llm").exists()


def test_a_weight_of_another_shape_is_named(tmp_path: Path) -> None:
    """A layer of half its width."""
    file = write(tmp_path / "m.gguf", {**SHAPES, "blk.0.ffn_up.weight": (INNER // 2, WIDTH)})
    with pytest.raises(SoftrecError, match=r"m.gguf holds .*up_proj.weight of shape 32 x 32, but .* of shape 64 x 32"):
        gguf_model.to_folder(file, tmp_path / "llm")


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    """Half of it."""
    file = write(tmp_path / "m.gguf", SHAPES)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(SoftrecError, match=r"m\.gguf cannot be read as a GGUF language model"):
        gguf_model.to_folder(file, tmp_path / "llm")
