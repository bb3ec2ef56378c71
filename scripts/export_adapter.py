"""Export an adapter as a folder that PEFT loads with the right base model, with a model card."""

import argparse
from dataclasses import dataclass

from softrec.job import program
from softrec.job.settings import read_settings


@dataclass(frozen=True)
class Settings:
    """Settings of an export.

    Attributes:
        model: the model's folder in its run, for the card.
        dataset: the data set's name, for the card.
        repository: the base model's repository on the hub; None if its folder is named instead.
        window: maximum number of items in a history.
        cutoffs: the K of the card's metrics.
        resamples, seed: resamples of users for their intervals, and the seed of the draws.
    """

    model: str
    dataset: str
    repository: str | None
    window: int
    cutoffs: list[int]
    resamples: int
    seed: int


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--llm", help="folder of the base model")
    parser.input("--adapter", help="folder of the adapter; its manifest has the settings of tuning")
    parser.input("--training", help="training.jsonl of the adapter")
    parser.input("--ranks", help="test.ranks.parquet of the adapter")
    parser.input("--counts", help="filter_counts.json of the data set")
    parser.output("--export", help="folder: adapter, softrec.json, README.md")
    return parser


def main(args: argparse.Namespace) -> None:
    """Collect the facts, write weights, facts and card."""
    from common import files
    from softrec.stats.resampling import Resampling
    from softrec.use import export_facts, exported, model_card
    from softrec.use.licences import Licence

    settings = read_settings(args.settings, Settings)
    base, tuned = export_facts.base_of(args.llm, settings.repository), export_facts.tuned(args.adapter, args.training)
    how = Resampling(settings.resamples, settings.seed)
    tested = export_facts.measure(args.ranks, settings.cutoffs, settings.dataset, how)
    licence, counts = Licence(args.llm).sentence(), export_facts.counts(args.counts)
    own = (settings.model, settings.dataset, settings.window)
    card = model_card.card(model_card.Facts(*own, base, licence, tuned, counts, tested))
    with files.atomic_write(args.export) as folder:
        folder.mkdir()
        exported.write_weights(args.adapter, folder, base, tuned.recommender["backbone"])
        exported.write_facts(folder, export_facts.for_softrec(base, tuned, settings.window))
        (folder / exported.CARD).write_text(card, encoding="utf-8")


if __name__ == "__main__":
    program.run(main, build_parser())
