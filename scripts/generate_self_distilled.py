"""Let the SFT model answer its own training prompts: the self-distilled data (paper, section 3.1)."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--llm", help="folder of the base model")
    parser.input("--adapter", help="folder of the SFT adapter")
    parser.input("--catalogue", help="catalogue.parquet")
    parser.input("--train", help="samples/train.parquet")
    parser.output("--self-distilled", help="self_distilled.parquet: row, text, finished")
    parser.output("--embeddings", help="self_distilled.embeddings.npy: (rows, D) float32 of the titles they say")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load, answer, say what the answers are like, embed them, write."""
    from softrec import arrays, checkpoints, distributed, predictions, samples, stopwatch
    from softrec.kept_answers import KeptAnswers
    from softrec.recommender import RecommenderSettings, open_recommender

    with distributed.ranks():
        settings = job.read_settings(args.settings, RecommenderSettings)
        items = samples.load_items(args.catalogue)
        rows = samples.load_rows(args.train, items.count)
        recommender = open_recommender(args.llm, items, settings, args.adapter)
        kept = KeptAnswers(args.self_distilled, checkpoints.key_of(args))
        with stopwatch.timed(kept.seconds()):
            answers = recommender.answer(rows, "self-distil", kept)
        predictions.describe(answers, rows["target"], items)
        arrays.write_array(args.embeddings, recommender.embed_titles([answer.text for answer in answers]))
        predictions.write(args.self_distilled, answers)
    job.last(kept.clear)


if __name__ == "__main__":
    job.run(main, parser())
