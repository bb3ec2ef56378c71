"""Let the SFT model answer its own training prompts: the self-distilled data (paper, section 3.1)."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def parser() -> program.Parser:
    """Arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--llm", help="folder of the base model")
    parser.input("--adapter", help="folder of the SFT adapter")
    parser.input("--catalogue", help="catalogue.parquet")
    parser.input("--train", help="samples/train.parquet")
    parser.output("--self-distilled", help="self_distilled.parquet: row, text, finished")
    parser.output("--embeddings", help="self_distilled.embeddings.npy: (rows, D) float32 of the titles they say")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load, answer, say what the answers are like, embed them, write."""
    from softrec.core import distributed
    from softrec.decoding import predictions
    from softrec.decoding.finished_texts import KeptAnswers
    from softrec.decoding.recommender import RecommenderSettings, open_recommender
    from softrec.io import arrays, checkpoints
    from softrec.job import timing
    from softrec.splits import samples

    with distributed.process_group():
        settings = read_settings(args.settings, RecommenderSettings)
        items = samples.load_items(args.catalogue)
        rows = samples.load_rows(args.train, items.count)
        recommender = open_recommender(args.llm, items, settings, args.adapter)
        kept = KeptAnswers(args.self_distilled, checkpoints.shared_run_key(args.settings, args.code, args.files_read))
        with timing.timed(kept.seconds()):
            answers = recommender.answer(rows, "self-distil", kept)
        predictions.describe(answers, rows["target"], items)
        arrays.write_array(args.embeddings, recommender.embed_titles([answer.text for answer in answers]))
        predictions.write(args.self_distilled, answers)
    program.last(kept.clear)


if __name__ == "__main__":
    program.run(main, parser())
