"""A control of SOFT: the catalogue's title nearest to each self-distilled title in its place."""

from dataclasses import dataclass

from softrec.evaluation.grounding import Grounding, GroundingSettings
from softrec.evaluation.nearest import nearest_items
from softrec.io.arrays import read_array
from softrec.splits.samples import load_title_embeddings
from softrec.tuning.curriculum import SelfAdaptiveOptions, self_adaptive
from softrec.tuning.strategy import Strategy, TuningRun


@dataclass(frozen=True)
class Options(SelfAdaptiveOptions):
    """Hyperparameters of SOFT."""


def grounded_titles(run: TuningRun) -> list[str]:
    """Return the title nearest to each row's self-distilled title, by the L2 distance of their embeddings.

    No title is masked: it may be one that the user has seen, as the generated text may. Titles at equal distances are
    in the order that breaks ties in all rankings.
    """
    items = run.recommender.items
    titles = load_title_embeddings(run.file("titles"), items)
    # Of the paper's 4,096 rows (4,096, 3,072), 50 MB.
    z = read_array(run.file("embeddings"), "float32", (len(run.train), titles.shape[1]))
    unmasked = GroundingSettings("none", run.settings.grounding.tie_seed)
    grounding = Grounding(titles, items.title_id, run.seen_items(), unmasked)
    found = nearest_items(grounding, z, run.train.to_dict(), 1).items[:, 0]
    return [items.title[item] for item in found]


def prepare(options: Options, run: TuningRun) -> Strategy:
    """Return the strategy: SOFT with grounded titles in the place of self-distilled ones."""
    return self_adaptive(options, run, [run.recommender.encoder.response(title) for title in grounded_titles(run)])
