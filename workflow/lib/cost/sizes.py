"""How large a job's data and language model are, by the configuration: what estimates of time and disk rest on."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lib.cost.roofline import Llm

# Of a data set that names no `expected`: a million training rows, as Kindle has. Rather too much than too little.
UNKNOWN = {"users": 0, "items": 50_000, "interactions": 1_250_000}
TINY_WEIGHTS = 1e6  # of a language model that is pre-trained here
INSTRUCTION, TITLE = 70, 15  # tokens of a prompt without titles and of a title, for a tokeniser of words
LAYERS = 1 / 110  # of a Llama for each of its width: 28 of 3,072
COT_RULES = ("encode_cot", "encode_titles_for_llm_cf", "retrieve_examples", "fit_llm_cf")  # of LLM-CF's text encoder


class Left(NamedTuple):
    """A job that is left to do: its rule, and where its benchmark will stand."""

    rule: str
    benchmark: str

    @property
    def place(self) -> tuple[str, ...]:
        """Its benchmark's path below `benchmarks/`: data set, backbone and so on."""
        parts = Path(self.benchmark).parts
        return parts[parts.index("benchmarks") + 1 :] if "benchmarks" in parts else ()


class Sizes:
    """Of one job. Where its benchmark names no data set, the data are of unknown size and the model is the largest.

    Attributes:
        title: tokens of a title.
    """

    title = TITLE

    def __init__(self, config: Mapping[str, Any], job: Left) -> None:
        self.config, self.job = config, job
        self.dataset = config["datasets"].get(job.place[0] if job.place else "", {})
        self.counts = self.dataset.get("expected") or UNKNOWN

    @property
    def llm(self) -> Llm:
        """The language model that it runs."""
        return Llm(self.weights, self.width, self.layers)

    @property
    def configured(self) -> Mapping[str, Any]:
        """That model's part of the configuration."""
        if not self.dataset:
            return max(self.config["llms"].values(), key=weights_of)
        encoder = self.config["llm_cf"]["text_encoder"] if self.job.rule in COT_RULES else None
        return self.config["llms"][encoder or self.dataset["llm"]]

    @property
    def weights(self) -> float:
        """Parameters of that model."""
        return weights_of(self.configured)

    @property
    def width(self) -> float:
        """Width of its hidden states: as configured, or from Llama-3.2-3B's 3,072, by the third root of the weights."""
        return self.configured.get("hidden") or 3072 * (self.weights / 3.21e9) ** (1 / 3)

    @property
    def layers(self) -> float:
        """Its layers: as configured, or as many for its width as Llama-3.2-3B has."""
        return self.configured.get("layers") or LAYERS * self.width

    @property
    def history(self) -> int:
        """Tokens of a prompt's titles."""
        return self.config["split"]["history"] * self.title

    @property
    def prompt(self) -> int:
        """Tokens of a prompt: the instruction, which all prompts have in common, and the titles."""
        return INSTRUCTION + self.history

    @property
    def split(self) -> str:
        """Which samples a job of prediction or grounding is about: its benchmark is `valid.predict.tsv`, or not."""
        return "valid" if self.job.place and self.job.place[-1].startswith("valid.") else "test"

    @property
    def sequences(self) -> int:
        """Windows of all splits: a user with L items has L - 10 (one, if L is 10); 10 is `split.history`."""
        windows = self.counts["interactions"] - self.config["split"]["history"] * self.counts["users"]
        return max(windows, self.counts["users"])

    @property
    def training_rows(self) -> int:
        """Rows of the train split: for the paper's data 0.8 x (interactions - 10 x users)."""
        return round(self.config["split"]["fractions"][0] * self.sequences)

    @property
    def validated(self) -> float:
        """Rows that models over item ids are validated on after each epoch."""
        whole = self.config["sasrec"]["valid"] == "split"
        return self.config["split"]["fractions"][1] * self.sequences if whole else self.rows("valid")

    @property
    def cot_rows(self) -> int:
        """Rows that LLM-CF reasons about: `llm_cf.rows` of the sampled training rows, or all of them."""
        sampled = self.rows("train")
        return min(self.config["llm_cf"]["rows"] or sampled, sampled)

    @property
    def titles(self) -> int:
        """Items; those that share a title count each."""
        return self.counts["items"]

    def rows(self, split: str) -> int:
        """Rows drawn from a split, at most all there are; `all` is the whole test split."""
        drawn = self.config["samples"][split]
        share = self.config["split"]["fractions"][("train", "valid", "test").index(split)]
        there = round(share * self.sequences)
        return there if drawn == "all" else min(drawn, there)


def weights_of(llm: Mapping[str, Any]) -> float:
    """Parameters of a configured language model: as configured, or as counted in the user's own folder."""
    if llm["kind"] == "tiny":
        return TINY_WEIGHTS
    files = [path for path in sorted(Path(llm.get("folder", ".")).glob("*.safetensors")) if is_read(path)]
    return llm.get("parameters") or sum(map(weights_in, files))


def is_read(path: Path) -> bool:
    """Whether a model is built of a file, and not of the same weights in files of another form."""
    return not path.name.startswith("consolidated")


def weights_in(path: Path) -> int:
    """Numbers in a file of safetensors, by its header: eight bytes of length, then JSON. 0 if it has no such header."""
    try:
        with path.open("rb") as stream:
            header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        return sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
    except (OSError, ValueError, OverflowError, MemoryError, AttributeError, TypeError, KeyError):
        return 0
