"""Predict a title for each row with an LLM, tuned or not, and embed the predicted titles.

The SFT model's predictions on its own training rows are the self-distilled data (paper, section 3.1). By
generation.constrained, predictions for validation and test rows are titles of the catalogue; by generation.grounding,
the titles of all beams are embedded.
"""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--llm", help="folder of the base model")
    parser.input("--adapter", help="folder of the LoRA adapter; without it, the untuned model predicts", required=False)
    parser.input("--catalogue", help="catalogue.parquet")
    parser.input("--rows", help="samples/train.parquet, valid.parquet or test.parquet")
    parser.output("--predictions", help="predictions.parquet: row, text, finished; of all beams: titles, scores")
    parser.output("--embeddings", help="embeddings.npy: (rows, D) float32 of the titles; of all beams: (rows, W, D)")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load the model, predict titles, embed them, write both."""
    from softrec.core import distributed
    from softrec.decoding import predictions
    from softrec.decoding.answering import answering
    from softrec.decoding.finished_texts import GenerationCheckpoint
    from softrec.decoding.recommender import RecommenderSettings, open_recommender
    from softrec.io import arrays, checkpoints
    from softrec.job import timing
    from softrec.splits import samples

    with distributed.process_group():
        settings = read_settings(args.settings, RecommenderSettings)
        items = samples.load_items(args.catalogue)
        rows = samples.load_rows(args.rows, items.count)
        recommender = open_recommender(args.llm, items, settings, args.adapter)
        how = answering(recommender)
        kept = GenerationCheckpoint(
            args.predictions, checkpoints.shared_run_key(args.settings, args.code, args.files_read)
        )
        with timing.timed(kept.seconds()):
            answers = how.ask(recommender.llm, recommender.prompts(rows), "predict", kept)
        best = [beams[0] for beams in answers]
        predictions.describe(best, rows["target"], items)
        titled = how.titled(answers)
        arrays.write_array(args.embeddings, how.embed(recommender.llm, titled))
        predictions.write(args.predictions, best, titled if how.every_beam else None)
    program.after_success(kept.clear)


if __name__ == "__main__":
    program.run(main, build_parser())
