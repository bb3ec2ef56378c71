"""d_t: the mean distance between generated and true titles on M fixed training rows (paper, section 3.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from common.log import info
from softrec.core import seeds
from softrec.decoding.generation import GenerationSettings, generate
from softrec.decoding.recommender import Recommender, RecommenderSettings
from softrec.llm.embeddings import embed
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import extract_title


def distance(z_generated: np.ndarray, z_target: np.ndarray) -> float:
    """Return d_t = 1/M sum_i || z(yhat_i^t) - z(y_i) ||_2 over the M rows of two (M, D) arrays of title embeddings.

    The paper calls d_t an average and prints a sum; tau depends only on the ratio d_t / d_0.
    """
    difference = np.asarray(z_generated, np.float64) - np.asarray(z_target, np.float64)
    return float(np.linalg.norm(difference, axis=1).mean())


@dataclass(frozen=True)
class DistanceSettings:
    """Settings of d_t, whose M training rows are the same for every epoch, alpha and training seed.

    Attributes:
        recommender: how prompts are written and titles generated.
        distance_rows: M.
        seed: draws the M rows, once.
        tuning_seed: initialises LLaRA's projector, which is part of the untuned model that d_0 is measured on.
    """

    recommender: RecommenderSettings
    distance_rows: int
    seed: int
    tuning_seed: int


@dataclass(frozen=True)
class DistanceProbe:
    """Measures d_t on M fixed training rows.

    Attributes:
        prompts: token ids of the M prompts.
        z_target: (M, D) embeddings z(y) of the true titles, from the untuned model.
        generation: decoding settings.
    """

    prompts: Sequence[Sequence[int]]
    z_target: np.ndarray
    generation: GenerationSettings

    def __call__(self, llm: LanguageModel) -> float:
        """Return d_t of the model in its current state: the mean distance between generated and true titles."""
        texts = generate(llm, self.prompts, self.generation, "measure d_t")
        z = embed(llm, [extract_title(generated.text) for generated in texts], self.generation.batch_size)
        return distance(z, self.z_target)


def draw_distance_rows(rows: int, settings: DistanceSettings) -> list[int]:
    """Draw M distinct row numbers, ascending; all rows if there are fewer than M, which is logged."""
    m = min(settings.distance_rows, rows)
    if m < settings.distance_rows:
        info(f"M = {m}: there are fewer than {settings.distance_rows} training rows")
    return sorted(seeds.stream(settings.seed, "distance").choice(rows, m, replace=False).tolist())


def distance_probe(recommender: Recommender, train: Any, chosen: list[int]) -> DistanceProbe:
    """Build the probe of the chosen rows of `train`; true titles lose outer quotes, as generated titles do."""
    rows = train.select(chosen)
    z_target = recommender.embed_titles([recommender.items.title[target] for target in rows["target"]])
    return DistanceProbe(recommender.prompts(rows), z_target, recommender.generation)
