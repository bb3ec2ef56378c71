"""The base model at its true size, once: fetched from the hub's cache, hashed and loaded, to embed a few titles."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from common import files
from lib.graph import sources
from rehearse import rawfiles, settings, standin
from rehearse.lines import MODEL, OF_MODEL
from rehearse.parts import FOLDER, Done
from rehearse.project import Project, RehearsalError
from rehearse.server import COMMIT
from rehearse.shapes import SHAPES
from softrec.core import seeds
from softrec.data import catalogue
from softrec.io import tables
from softrec.llm.prompts import Words

TITLES = 8
FREE = 9e9  # bytes of disk
# Llama-3.2-3B as published; its output layer is its embedding.
SHAPE = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 3072, "intermediate_size": 8192,
    "num_hidden_layers": 28, "num_attention_heads": 24, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 128256,
    "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "rope_theta": 500000.0, "hidden_act": "silu",
    "tie_word_embeddings": True, "torch_dtype": "bfloat16", "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
BLOCK = 8 << 20  # random numbers that weights repeat


class Model:
    """Two jobs with 6.4 GB of weights.

    Attributes:
        done: called with them.
    """

    def __init__(self, name: str, paper: Mapping[str, Any], done: Done) -> None:
        self.name, self.paper, self.done = name, paper, done
        self.project = Project(FOLDER / MODEL, settings.with_model(paper, OF_MODEL))
        self.cache = self.project.folder / "hub"
        self.titles = f"results/{settings.RUN}/{OF_MODEL}/titles.npy"

    def run(self, only: object = ()) -> None:
        """Write the model into a cache of the hub's layout, fetch it offline, embed titles with it; then it goes."""
        fetched = self.project.folder / sources.base_llm(self.project.config, OF_MODEL)
        # Where the titles of an earlier run stand, Snakemake sees nothing to do.
        files.remove(self.project.folder / self.titles)
        self.write_snapshot()
        self.write_catalogue()
        variables = {"HF_HOME": str(self.cache), "HF_HUB_OFFLINE": "1"}
        rules = {"fetch_hub_llm_llama", "encode_titles"}
        self.project.run([self.titles], rules, **variables)
        jobs = [job for job in self.project.plan(self.titles) if job.rule in rules]
        self.done(self.name, self.project, jobs)
        for folder in (fetched, self.cache):
            files.remove(folder)

    def write_snapshot(self) -> None:
        """The repository as huggingface_hub keeps it: weights in one file, configuration, tokeniser."""
        if (free := shutil.disk_usage(self.project.folder).free) < FREE:
            raise RehearsalError(f"the base model needs {FREE / 1e9:.0f} GB, {free / 1e9:.1f} GB are free: make room.")
        repository = self.paper["llms"]["llama"]["repository"].replace("/", "--")
        model = self.cache / f"hub/models--{repository}"
        snapshot = model / "snapshots" / COMMIT
        if not snapshot.exists():
            words = Words(**self.paper["datasets"][OF_MODEL]["words"])
            standin.make_base(snapshot, OF_MODEL, SHAPES[OF_MODEL], words)
        rawfiles.write(snapshot / "model.safetensors", weights())
        files.write_json(snapshot / "config.json", SHAPE)
        (model / "refs").mkdir(exist_ok=True)
        (model / "refs/main").write_text(COMMIT)

    def write_catalogue(self) -> None:
        """A few titles."""
        texts = [f"Title {number} of so Many" for number in range(TITLES)]
        ids, path = range(1, TITLES + 1), self.project.folder / Path(self.titles).with_name("catalogue.parquet")
        columns = {"item": ids, "source_id": texts, "title": texts, "category": [None] * TITLES}
        tables.write_table(path, {**columns, "title_id": range(TITLES)}, catalogue.TYPES)


def tensors() -> dict[str, list[int]]:
    """Shapes of the weights by their names in the published file."""
    wide, inner, key = SHAPE["hidden_size"], SHAPE["intermediate_size"], 8 * SHAPE["head_dim"]
    found = {"model.embed_tokens.weight": [SHAPE["vocab_size"], wide], "model.norm.weight": [wide]}
    each = {
        "input_layernorm": [wide],
        "post_attention_layernorm": [wide],
        "self_attn.q_proj": [wide, wide],
        "self_attn.k_proj": [key, wide],
        "self_attn.v_proj": [key, wide],
        "self_attn.o_proj": [wide, wide],
        "mlp.gate_proj": [inner, wide],
        "mlp.up_proj": [inner, wide],
        "mlp.down_proj": [wide, inner],
    }
    for layer in range(SHAPE["num_hidden_layers"]):
        found |= {f"model.layers.{layer}.{name}.weight": shape for name, shape in each.items()}
    return found


def weights() -> Iterator[bytes]:
    """A safetensors file in bf16, block by block: length of the header, header, small random numbers."""
    header: dict[str, Any] = {}
    end = 0
    for name, shape in tensors().items():
        begin, end = end, end + 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    yield len(text).to_bytes(8, "little") + text
    numbers = 0.02 * seeds.stream(1, "rehearse", "weights").standard_normal(BLOCK // 2, np.float32)
    block = (numbers.view(np.uint32) >> 16).astype("<u2").tobytes()  # bf16 is the upper half of float32
    for start in range(0, end, BLOCK):
        yield block[: min(BLOCK, end - start)]
