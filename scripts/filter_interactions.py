"""Filter reviews to the paper's interactions: items with titles, no duplicates, 10-core; ids are numbered from 1."""

import argparse

from softrec.io import tables
from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--ratings", help="reviews, in a format of docs/data.md, plain or .gz")
    parser.input("--metadata", required=False, many=True, help="items; none if the ratings have a column of titles")
    parser.output("--interactions", help="interactions.parquet: user, item, timestamp")
    parser.output("--catalogue", help="catalogue.parquet: item, source_id, title, category, title_id")
    parser.output("--counts", help="filter_counts.json: sizes after each step, compared with Table 1")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read reviews and metadata, filter, assign ids, write interactions and catalogue."""
    from common import files, log
    from softrec.data import catalogue, filtering
    from softrec.data.readers import formats

    settings = read_settings(args.settings, filtering.FilterSettings)
    source, metadata = settings.source(), next(iter(args.metadata or ()), None)
    if metadata is not None:
        catalogue.require_two_files(args.ratings, metadata)
    raw = formats.read_reviews(args.ratings, source)
    items = filtering.items_of(raw)
    parents = filtering.parents_of(raw, items)
    read = formats.read_texts(args.ratings, metadata, source, parents)
    catalogue.require_known(read, parents, args.ratings, metadata or args.ratings)
    texts = catalogue.hand_down(read, items, parents)
    texts = catalogue.limit_titles(texts, settings.title_words, settings.long_titles)
    titled = texts.filter(texts["title"].is_not_null())["item_id"]
    interactions, counts = filtering.filter_interactions(raw, titled, settings)
    columns = catalogue.build_catalogue(interactions.item_ids, texts, keep_untitled=settings.untitled == "keep")
    log.info(counts.table())
    log.info(counts.ties.sentence())
    rows = {name: getattr(interactions, name) for name in filtering.TYPES}
    tables.write_table(args.interactions, rows, filtering.TYPES)
    tables.write_table(args.catalogue, columns, catalogue.TYPES)
    files.write_json(args.counts, counts.as_json())


if __name__ == "__main__":
    program.run(main, build_parser())
