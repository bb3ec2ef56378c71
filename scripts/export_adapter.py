"""Export an adapter as a folder that PEFT loads with the right base model, with a model card.

    python scripts/export_adapter.py --run demo --dataset ml100k --model bigrec/soft/seed=1

Run it in softrec's folder. The export is written beside the adapter, unless --export names another folder.
"""

import argparse
from dataclasses import dataclass

from common.errors import SoftrecError
from softrec.job import program
from softrec.job.settings import read_settings
from softrec.use import run_arguments

FILES = ("llm", "adapter", "training", "ranks", "counts")
CUTOFFS = (5, 20)  # of the metrics in the card, those of Table 2


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


def fill(args: argparse.Namespace) -> None:
    """Find the files of a run's model. Raises `SoftrecError` if arguments are missing or the run is not finished."""
    if not run_arguments.names_model(args, FILES):
        if args.export is None:
            raise SoftrecError("--export is not given", remedy="give the folder to write")
        return
    from softrec.use import run_files

    dataset = run_files.dataset_folder(args.results, args.run, args.dataset)
    found = run_files.model_files(dataset, args.model)
    args.settings = run_files.export_settings(dataset, found.adapter, CUTOFFS)
    folder = found.adapter.parent
    args.llm, args.adapter = found.llm, found.adapter
    args.training, args.ranks = folder / "training.jsonl", folder / "test.ranks.parquet"
    args.counts, args.export = dataset / "filter_counts.json", args.export or folder / "export"


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = run_arguments.RunParser(__doc__, fill)
    parser.input("--llm", required=False, help="folder of the base model")
    parser.input("--adapter", required=False, help="folder of the adapter; its manifest has the settings of tuning")
    parser.input("--training", required=False, help="training.jsonl of the adapter")
    parser.input("--ranks", required=False, help="test.ranks.parquet of the adapter")
    parser.input("--counts", required=False, help="filter_counts.json of the data set")
    parser.optional_output("--export", help="folder to write: adapter, softrec.json, README.md")
    return parser


def main(args: argparse.Namespace) -> None:
    """Collect the facts, write weights, facts and card."""
    from common import files
    from common.log import info
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
    info(f"{args.export}: the adapter, {exported.FACTS}, {exported.CARD}")


if __name__ == "__main__":
    program.run(main, build_parser())
