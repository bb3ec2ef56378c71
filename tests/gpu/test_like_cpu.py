"""In fp32 a GPU computes what the CPU computes: updates, texts, embeddings, ranks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import ranks_run
from runs import second_gradient
from softrec.decoding.generation import GenerationSettings, generate, generate_beams
from softrec.decoding.title_trie import catalogue_trie
from softrec.evaluation.beam_grounding import BeamTexts, grounding_by, log_weights
from softrec.evaluation.device_grounding import DeviceGrounding, device_grounding_by
from softrec.evaluation.grounding import Grounding, GroundingSettings
from softrec.llm.embeddings import embed
from softrec.llm.kernels import install
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import Encoder, Words
from softrec.splits.seen_items import SeenItems

METHODS: dict[str, dict[str, Any]] = {
    "SFT": {"tau": 0.0},
    "half": {"tau": 0.5},
    "SOFT without its scheduler": {"tau": 1.0},
    "S-DPO": {"method": "sdpo"},
    "LLaRA": {"tau": 0.5, "backbone": "llara"},
}


def tuned(folder: Path, name: str, **specification: Any) -> dict[str, Any]:
    """Four updates of the tiny model's adapter, in this process."""
    table = torch.arange(7.0)[:, None] * torch.tensor([0.1, -0.2, 0.3])
    save_file({"item.weight": table}, folder / "items.safetensors")
    how = {"name": name, "engine": {}, "micro": 4, "dropout": 0.0, "epochs": 2, **specification}
    ranks_run.main(folder, how)
    return json.loads((folder / f"{name}.json").read_text())


@pytest.mark.parametrize("share", [True, False], ids=["shared prompt", "rows of their own"])
@pytest.mark.parametrize("method", METHODS)
def test_updates(tmp_path: Path, device: torch.device, method: str, share: bool) -> None:
    """Adapters, of size 0.1, after four updates: sums of fp32 in another order differ by 1e-6 each time."""
    how = {**METHODS[method], "loop": {"share_prompt": share}}
    expected, found = (tuned(tmp_path, str(place), device=str(place), **how) for place in ("cpu", device))
    assert np.abs(expected["adapter"]).max() > 0.01
    for name in {"adapter", "projector", "reference"} & set(expected):
        np.testing.assert_allclose(found[name], expected[name], atol=1e-5, rtol=1e-4, err_msg=name)


def test_recomputed_activations(smol: Callable[..., LanguageModel], device: torch.device) -> None:
    """Gradient checkpointing gives the gradients of an update that keeps its activations."""
    kept, twice = (second_gradient(smol(device), tau=0.5, recompute=again)[1] for again in (False, True))
    torch.testing.assert_close(twice, kept, atol=1e-6 * float(kept.abs().max()), rtol=1e-4)


@pytest.mark.parametrize("kernels", ["fused", "compiled"])
def test_kernels(smol: Callable[..., LanguageModel], device: torch.device, kernels: Any) -> None:
    """Gradients with and without a mask by other kernels, in fp32, heads sharing keys by threes."""
    for tau in (0.0, 0.5):
        other = smol(device)
        install(other.model, kernels)
        _, expected = second_gradient(smol(device), tau=tau)
        _, found = second_gradient(other, tau=tau)
        torch.testing.assert_close(found, expected, atol=1e-5 * float(expected.abs().max()), rtol=1e-3)


def test_texts_and_embeddings(smol: Callable[..., LanguageModel], device: torch.device) -> None:
    """Texts of four beams are equal, embeddings of them to 1e-4 of their size."""
    prompts = [[1, *range(20, 20 + n)] for n in (3, 40, 7, 90, 12)]
    settings = GenerationSettings(4, 12, 3)
    here, there = smol(torch.device("cpu")), smol(device)
    texts = [answer.text for answer in generate(here, prompts, settings)]
    assert [answer.text for answer in generate(there, prompts, settings)] == texts
    expected = embed(here, texts, 2)
    np.testing.assert_allclose(embed(there, texts, 2), expected, atol=1e-4 * np.abs(expected).max())


def test_ranks(device: torch.device) -> None:
    """600 texts and 3,000 titles, of which 1,000 are copies, their mean ten times their spread: equal ranks, ties."""
    rng = np.random.default_rng(4)
    titles = (rng.normal(size=(3000, 256)) + 10).astype(np.float32)
    titles[2::3] = titles[1::3]
    target = rng.integers(0, 3000, 600)
    z = titles[target] + rng.normal(size=(600, 256)).astype(np.float32)
    z[:50] = titles[target[:50]]  # and some that say a title itself
    rows = {"user": [1] * 600, "position": [2] * 600, "history": [[2]] * 600, "target": (target + 1).tolist()}
    seen = SeenItems(np.array([1, 1]), np.array([2, 5]))
    catalogue = (titles, np.arange(-1, 3000), seen, GroundingSettings("seen", 3))
    expected = Grounding(*catalogue).rank(z, rows)
    assert expected.ties.sum() > 300
    for found, right in zip(DeviceGrounding(*catalogue, device).rank(z, rows), expected, strict=True):
        np.testing.assert_array_equal(found, right)


@pytest.mark.parametrize("distance", [("least", None), ("softmin", 0.5)])
def test_ranks_by_all_texts(device: torch.device, distance: tuple[str, float | None]) -> None:
    """200 rows of up to four texts and 3,000 titles: the ranks of the CPU."""
    rng = np.random.default_rng(5)
    titles = (rng.normal(size=(3000, 256)) + 10).astype(np.float32)
    titles[2::3] = titles[1::3]
    target = rng.integers(0, 3000, 200)
    z = titles[target][:, None] + 2 * rng.normal(size=(200, 4, 256)).astype(np.float32)
    texts = BeamTexts(z, log_weights([rng.normal(-1, 1, 1 + row % 4).tolist() for row in range(200)], 4))
    rows = {"user": [1] * 200, "position": [2] * 200, "history": [[2]] * 200, "target": (target + 1).tolist()}
    seen = SeenItems(np.array([1, 1]), np.array([2, 5]))
    catalogue = (titles, np.arange(-1, 3000), seen, GroundingSettings("seen", 3, *distance))
    expected = grounding_by(*catalogue).rank(texts, rows)
    assert expected.ties.sum() > 100
    for found, right in zip(device_grounding_by(*catalogue, device).rank(texts, rows), expected, strict=True):
        np.testing.assert_array_equal(found, right)


def test_constrained_texts(smol: Callable[..., LanguageModel], device: torch.device) -> None:
    """The titles of four beams are equal, and their scores to 1e-3."""
    prompts = [[1, *range(20, 20 + n)] for n in (3, 40, 7, 90, 12)]
    titles = [f"{saga} {part}" for saga in ("Ember", "Frost", "Gale") for part in range(1, 9)]
    said = []
    for llm in (smol(torch.device("cpu")), smol(device)):
        encoder = Encoder(llm.tokenizer, Words("films", "film", "seen"), llm.backbone.item_text, 400)
        trie = catalogue_trie(titles, encoder, llm.ends, 24)
        said.append(generate_beams(llm, prompts, GenerationSettings(4, 24, 3), trie=trie, most=4))
    here, there = said
    assert [[beam.text for beam in own] for own in there] == [[beam.text for beam in own] for own in here]
    scores = [[[beam.score for beam in own] for own in found] for found in said]
    np.testing.assert_allclose(*scores, atol=1e-3)
