"""What several tests share: a catalogue of a few titles, a tiny language model, a web server."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

try:
    from hypothesis import settings
except ModuleNotFoundError as error:
    said = f"{error} in {sys.prefix}: `make .venv/.dev` installs what tests need; then `.venv/bin/python -m pytest`."
    raise SystemExit(said) from None

from local_server import Site, serve

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("DS_ACCELERATOR", "cpu")

# A busy machine is no fault of the project's.
settings.register_profile("no timer", deadline=None)
settings.load_profile("no timer")

if TYPE_CHECKING:
    from softrec.llm.language_model import LanguageModel


@pytest.fixture(autouse=True)
def _own_arithmetic() -> Iterator[None]:
    """Undo what training sets for its process: hypothesis needs subnormal numbers, and no test depends on another."""
    yield
    if torch := sys.modules.get("torch"):  # most tests of the workflow do without it
        torch.set_flush_denormal(False)
        torch.use_deterministic_algorithms(False)
        os.environ.pop("TORCHINDUCTOR_DETERMINISTIC", None)


TITLES = [f"{saga} {part}" for saga in ("Ember", "Frost", "Gale", "Harbour") for part in range(1, 6)]
CATEGORIES = [saga.split()[0].lower() for saga in TITLES]


def make_tiny_llm() -> "Callable[[], LanguageModel]":
    """A maker of equal, freshly loaded tiny language models (2 layers, width 32, random weights, fp32)."""
    import torch

    from softrec.llm.language_model import LanguageModel, load_backbone
    from softrec.llm.prompts import Words
    from softrec.llm.tiny_corpus import tokenizer_texts
    from softrec.llm.tiny_llm import TinySettings, new_model, train_tokenizer

    torch.set_num_threads(1)
    words = Words("films", "film", "seen")
    settings = TinySettings(400, 32, 2, 2, 512, 1, 2, 32, 1e-3, 7, words)
    tokenizer = train_tokenizer(tokenizer_texts(TITLES, CATEGORIES, words), settings)

    def make() -> LanguageModel:
        return LanguageModel(new_model(tokenizer, settings).eval(), tokenizer, load_backbone("bigrec"))

    return make


@pytest.fixture(scope="session")
def new_llm() -> "Callable[[], LanguageModel]":
    """`make_tiny_llm`, made once."""
    return make_tiny_llm()


@pytest.fixture(scope="session")
def llm_folder(new_llm: "Callable[[], LanguageModel]", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model (2 layers, width 32, tied head) as a transformers folder: not to be changed, but copied."""
    path = tmp_path_factory.mktemp("llm") / "base"
    made = new_llm()
    made.model.save_pretrained(path)
    made.tokenizer.save_pretrained(path)
    return path


@pytest.fixture(scope="session")
def llm(new_llm: "Callable[[], LanguageModel]") -> "LanguageModel":
    """One tiny language model for tests that do not change it."""
    return new_llm()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A running server; no proxy stands between it and the test, and the network is allowed."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with serve() as running:
        yield running
