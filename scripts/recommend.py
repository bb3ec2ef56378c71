r"""Recommend items for a history of titles: print the generated title and the titles nearest to it.

    python scripts/recommend.py --run demo --dataset ml100k --model bigrec/soft/seed=1 \
        --history "Toy Story (1995)" "Aladdin (1992)"

Run it in softrec's folder. A history is given oldest first, as titles or as the source's item ids. The prompt, the
decoding and the grounding are those of the run: titles of the history itself are not recommended, if the run's
mask says so. Instead of a run, the files themselves can be given; the adapter may then be an export (make export),
which holds its settings.
"""

import argparse
import io
import json
import sys

from common.errors import SoftrecError
from softrec.job import program
from softrec.job.settings import read_settings
from softrec.use import run_arguments

K = 10
FILES = ("llm", "adapter", "catalogue", "titles")


def fill(args: argparse.Namespace) -> None:
    """Find the files of a run's model. Raises `SoftrecError` if arguments are missing or contradict each other."""
    if not args.history and not args.histories:
        raise SoftrecError("no history is given", where="--history", remedy='give titles: --history "Toy Story (1995)"')
    if args.history and args.histories:
        raise SoftrecError("--history and --histories are both given", remedy="give one of them")
    if args.k is not None and args.k < 1:
        raise SoftrecError(f"k is {args.k}", where="--k", remedy="give at least 1")
    if not run_arguments.names_model(args, FILES):
        fill_from_export(args)
        return
    from softrec.use import run_files

    dataset = run_files.dataset_folder(args.results, args.run, args.dataset)
    found = run_files.model_files(dataset, args.model)
    for name in FILES:
        setattr(args, name, getattr(found, name))
    args.settings = changed(run_files.as_settings(found, args.k or K), args.mask)


def fill_from_export(args: argparse.Namespace) -> None:
    """Take the settings of an exported adapter, unless --settings is given. Raises `SoftrecError` like `fill`."""
    from softrec.use import exported

    if args.settings == "{}" and (own := exported.recommend_settings(args.adapter, args.k or K)):
        args.settings = changed(own, args.mask)
    elif args.k is not None or args.mask is not None:
        raise SoftrecError("--k or --mask is given beside --settings", remedy="change the key in --settings")


def changed(settings: str, mask: str | None) -> str:
    """Return settings with another mask, if one is given."""
    found = json.loads(settings)
    return json.dumps({**found, "grounding": {**found["grounding"], "mask": mask or found["grounding"]["mask"]}})


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = run_arguments.RunParser(__doc__, fill)
    parser.add_argument("--k", type=int, help=f"how many titles to print (default: {K})")
    parser.add_argument("--mask", choices=("seen", "window", "none"), help="which titles of the history to leave out")
    parser.add_argument("--history", nargs="+", metavar="TITLE", help="titles or item ids, oldest first")
    parser.input("--histories", required=False, help="many histories: a JSON list of titles or ids on each line")
    parser.input("--llm", required=False, help="folder of the base model")
    parser.input("--adapter", required=False, help="folder of the adapter, or of its export")
    parser.input("--catalogue", required=False, help="catalogue.parquet")
    parser.input("--titles", required=False, help="titles.npy: embeddings of the distinct titles")
    parser.optional_output("--recommendations", help="recommendations.jsonl; without it, they are printed")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the histories, recommend, print or write."""
    from softrec.io.csv_files import write_text
    from softrec.splits import samples
    from softrec.use import exported, histories, recommendations

    settings = read_settings(args.settings, recommendations.RecommendSettings)
    items = samples.load_items(args.catalogue)
    names = histories.read_names(args.catalogue, items, by_item=settings.recommender.backbone == "llara")
    if args.histories:
        given = histories.read_histories(args.histories, names)
    else:
        given = [names.items(args.history, "--history")]
    with exported.as_adapter(args.adapter) as adapter:
        found = recommendations.recommend(args.llm, adapter, items, args.titles, given, settings)
    records = recommendations.as_records(found, names, items.title_id)
    if args.recommendations:
        write_text(args.recommendations, recommendations.as_lines(records))
    else:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # an old terminal may lack letters of a title
        sys.stdout.write("\n\n".join(map(recommendations.as_text, records)) + "\n")


if __name__ == "__main__":
    program.run(main, build_parser())
