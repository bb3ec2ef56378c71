"""d_t: how far what a model says is from the truth, on M fixed training rows (paper, section 3.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from common.log import say
from softrec.core import seeds
from softrec.decoding.generation import GenerationSettings, generate
from softrec.decoding.recommender import Recommender, RecommenderSettings
from softrec.llm.embeddings import embed
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import title_in


def distance(z_generated: np.ndarray, z_target: np.ndarray) -> float:
    """d_t = 1/M sum_i || z(yhat_i^t) - z(y_i) ||_2 over the M rows of two (M, D) arrays of title embeddings.

    The paper calls d_t an average and prints a sum; tau depends on the ratio d_t / d_0 alone.
    """
    difference = np.asarray(z_generated, np.float64) - np.asarray(z_target, np.float64)
    return float(np.linalg.norm(difference, axis=1).mean())


@dataclass(frozen=True)
class DistanceSettings:
    """The M training rows of d_t: drawn once with `seed`, the same for every epoch, alpha and training seed.

    d_0 is of the un-tuned model with what the backbone begins with under `tuning_seed`: LLaRA's projector.
    """

    recommender: RecommenderSettings
    distance_rows: int
    seed: int
    tuning_seed: int


@dataclass(frozen=True)
class DistanceProbe:
    """d_t on M fixed training rows: their prompts, and the embeddings z(y) of their true titles."""

    prompts: Sequence[Sequence[int]]
    z_target: np.ndarray
    generation: GenerationSettings

    def __call__(self, llm: LanguageModel) -> float:
        """d_t of the model as it is now: the average distance between what it says and the truth."""
        texts = generate(llm, self.prompts, self.generation, "measure d_t")
        z = embed(llm, [title_in(generated.text) for generated in texts], self.generation.batch_size)
        return distance(z, self.z_target)


def draw_distance_rows(rows: int, settings: DistanceSettings) -> list[int]:
    """M distinct row numbers, ascending; all rows if there are fewer than M, which is said."""
    m = min(settings.distance_rows, rows)
    if m < settings.distance_rows:
        say(f"M = {m}: there are fewer than {settings.distance_rows} training rows")
    return sorted(seeds.stream(settings.seed, "distance").choice(rows, m, replace=False).tolist())


def distance_probe(recommender: Recommender, train: Any, chosen: list[int]) -> DistanceProbe:
    """d_t on the chosen training rows; true titles lose quotes at their ends, as titles in texts do."""
    rows = train.select(chosen)
    z_target = recommender.embed_titles([recommender.items.title[target] for target in rows["target"]])
    return DistanceProbe(recommender.prompts(rows), z_target, recommender.generation)
