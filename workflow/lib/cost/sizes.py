"""Sizes of a job's data and language model from the configuration, for estimates of time and disk."""

import json
import math
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from lib.cost.model_shapes import Shape, shape_in
from lib.cost.roofline import Llm
from lib.graph.methods import UNTRAINED
from lib.graph.sources import raw_files

# For a data set without `expected`: a million training rows, as in Kindle, since an overestimate is safer. A user's own
# file tells its rows, and so the most items.
UNKNOWN = {"users": 0, "items": 50_000, "interactions": 1_250_000}
READ = 1 << 20  # bytes of a file from which its number of lines is estimated
GZIP = 31  # zlib's window and header of gzip
TINY_WEIGHTS = 1e6  # of a language model that is pre-trained here
INSTRUCTION, TITLE = 70, 15  # tokens of a prompt without titles and of a title, for a tokeniser of words
LAYERS = 1 / 110  # layers of a Llama per unit of width: 28 at 3,072
COT_RULES = ("encode_cot", "encode_titles_for_llm_cf", "retrieve_examples", "fit_llm_cf")  # use LLM-CF's text encoder


class Left(NamedTuple):
    """A remaining job: its rule, and the path of its benchmark."""

    rule: str
    benchmark: str

    @property
    def place(self) -> tuple[str, ...]:
        """The parts of the benchmark's path below `benchmarks/`: data set, backbone and so on."""
        parts = Path(self.benchmark).parts
        return parts[parts.index("benchmarks") + 1 :] if "benchmarks" in parts else ()


class Sizes:
    """Sizes of one job.

    If its benchmark names no data set, the data have unknown size and the largest configured model is assumed.

    Attributes:
        title: tokens of a title.
    """

    title = TITLE

    def __init__(self, config: Mapping[str, Any], job: Left) -> None:
        self.config, self.job = config, job
        self.dataset = config["datasets"].get(job.place[0] if job.place else "", {})
        self.counts = self.dataset.get("expected") or self.most()

    def most(self) -> Mapping[str, int]:
        """Return the counts of a data set without `expected`; an item of its core has `filter.k` or more rows."""
        source = self.dataset.get("source", {})
        if source.get("kind") != "files":
            return UNKNOWN
        rows = lines_in(Path(raw_files(source)["ratings"]))
        rows = min(rows, self.config["filter"]["max_rows"] or rows)
        items = min(max(rows // self.config["filter"]["k"], 1), UNKNOWN["items"])
        return {**UNKNOWN, "interactions": rows, "items": items}

    @property
    def llm(self) -> Llm:
        """The size of the job's language model."""
        shape = self.shape
        return Llm(self.weights, self.width, self.layers, shape.shared * shape.head if shape else None)

    @property
    def shape(self) -> Shape | None:
        """The shape in the config.json of the user's own folder; None for other kinds, and where it states none."""
        folder = self.configured.get("folder")
        return shape_in(Path(folder)) if folder else None

    @property
    def configured(self) -> Mapping[str, Any]:
        """The configuration of the job's language model."""
        if not self.dataset:
            return max(self.config["llms"].values(), key=weights_of)
        encoder = self.config["llm_cf"]["text_encoder"] if self.job.rule in COT_RULES else None
        return self.config["llms"][encoder or self.dataset["llm"]]

    @property
    def weights(self) -> float:
        """Parameters of the job's language model."""
        return weights_of(self.configured)

    @property
    def width(self) -> float:
        """Hidden width: as configured, or Llama-3.2-3B's 3,072 scaled by the cube root of the number of weights."""
        if shape := self.shape:
            return shape.width
        return self.configured.get("hidden") or 3072 * (self.weights / 3.21e9) ** (1 / 3)

    @property
    def layers(self) -> float:
        """Number of layers: as configured, or in Llama-3.2-3B's ratio to the width."""
        if shape := self.shape:
            return shape.layers
        return self.configured.get("layers") or LAYERS * self.width

    @property
    def history(self) -> int:
        """Tokens of the titles in a prompt."""
        return self.config["split"]["history"] * self.title

    @property
    def prompt(self) -> int:
        """Tokens of a prompt: the instruction, which is common to all prompts, and the titles."""
        return INSTRUCTION + self.history

    @property
    def split(self) -> str:
        """The split of a prediction or grounding job, by its benchmark: validation if `valid.*.tsv`, else test."""
        return "valid" if self.job.place and self.job.place[-1].startswith("valid.") else "test"

    @property
    def sequences(self) -> int:
        """Windows of all splits: a user with L items has L - 10 (one if L is 10), where 10 is `split.history`."""
        windows = self.counts["interactions"] - self.config["split"]["history"] * self.counts["users"]
        return max(windows, self.counts["users"])

    @property
    def training_rows(self) -> int:
        """Rows of the training split: for the paper's data 0.8 x (interactions - 10 x users)."""
        return max(round(self.config["split"]["fractions"][0] * self.sequences), 1)

    @property
    def validated(self) -> float:
        """Validation rows of ID-based recommenders after each epoch."""
        whole = self.config["sasrec"]["valid"] == "split"
        return self.config["split"]["fractions"][1] * self.sequences if whole else self.rows("valid")

    @property
    def cot_rows(self) -> int:
        """Rows with a chain of thought for LLM-CF: `llm_cf.rows` of the sampled training rows, or all of them."""
        sampled = self.rows("train")
        return min(self.config["llm_cf"]["rows"] or sampled, sampled)

    @property
    def titles(self) -> int:
        """Number of items; items that share a title are counted separately."""
        return self.counts["items"]

    @property
    def texts(self) -> int:
        """Number of texts of a validation or test row that are embedded and grounded; equal ones are counted too."""
        own = self.config["generation"]
        one = own["grounding"] == "first" or not UNTRAINED.isdisjoint(self.job.place)
        return 1 if one else own["beams"]

    def rows(self, split: str) -> int:
        """Return the number of rows sampled from a split, at least one; `all` is the whole split."""
        drawn = self.config["samples"][split]
        share = self.config["split"]["fractions"][("train", "valid", "test").index(split)]
        there = max(round(share * self.sequences), 1)
        return there if drawn == "all" else min(drawn, there)


@cache
def lines_in(path: Path) -> int:
    """Estimate the lines of a text file, plain or gzipped, by its beginning.

    A Parquet file counts with its size in bytes, which is more than its rows. A file that cannot be read counts as
    large.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            text = begin = stream.read(READ)
        if begin.startswith(b"PAR1"):
            return size
        if begin.startswith(b"\x1f\x8b"):
            inflated = zlib.decompressobj(GZIP)
            text = inflated.decompress(begin, READ)
            begin = begin[: len(begin) - len(inflated.unconsumed_tail) - len(inflated.unused_data)]
        return round(size / len(begin) * max(text.count(b"\n"), 1))
    except (OSError, zlib.error, ZeroDivisionError):
        return UNKNOWN["interactions"]


def weights_of(llm: Mapping[str, Any]) -> float:
    """Return the parameters of a language model: as configured, or as stored in the user's own folder."""
    if llm["kind"] == "tiny":
        return TINY_WEIGHTS
    return llm.get("parameters") or weights_below(Path(llm.get("folder", ".")))


def weights_below(folder: Path) -> int:
    """Return the parameters of a folder: by its config.json if this states less, else as stored.

    A tied output layer may be stored although it is the embedding. Files `consolidated*` repeat the weights.
    """
    files = [path for path in sorted(folder.glob("*.safetensors")) if not path.name.startswith("consolidated")]
    stored, shape = sum(map(weights_in, files)), shape_in(folder)
    return min(stored, shape.parameters) if shape else stored


def weights_in(path: Path) -> int:
    """Count the numbers in a safetensors file by its header (8 bytes of length, then JSON); 0 without a header."""
    try:
        with path.open("rb") as stream:
            header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        return sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
    except (OSError, ValueError, OverflowError, MemoryError, AttributeError, TypeError, KeyError):
        return 0
