"""Groups of arguments shared by several scripts."""

from softrec.job.program import Parser


def tuning_arguments(parser: Parser) -> None:
    """Add the files that every tuning job reads and writes, and the engine."""
    parser.add_argument("--engine", default="{}", help="how updates are computed: engine, ranks, checkpoints; as JSON")
    parser.input("--llm", help="folder of the base model")
    parser.input("--catalogue", help="catalogue.parquet")
    parser.input("--titles", help="titles.npy: embeddings of the distinct titles, for validation")
    parser.input("--interactions", help="interactions.parquet, for the masks of validation")
    parser.input("--train", help="samples/train.parquet")
    parser.input("--valid", help="samples/valid.parquet")
    parser.output("--adapter", help="folder of the LoRA adapter of the kept epoch")
    parser.output("--log", help="training.jsonl: a line per epoch and a summary")


def strategy_arguments(parser: Parser) -> None:
    """Add the files that some tuning strategies and backbones read; most are given once or not at all."""
    item_embeddings_argument(parser)
    for flag, what in (
        ("--start", "folder of the SFT adapter, if the strategy starts from it"),
        ("--self-distilled", "self_distilled.parquet: the SFT model's titles for the training rows"),
        ("--embeddings", "self_distilled.embeddings.npy: embeddings of these titles"),
        ("--initial-distance", "initial_distance.json: d_0 and the rows that d_t is measured on"),
        ("--sft-log", "training.jsonl of the SFT run with the same seed"),
        ("--soft-logs", "training.jsonl of the SOFT run with each alpha and the same seed, as settings.options.alphas"),
        ("--soft-choice", "alpha.json: SOFT's selected alpha"),
    ):
        parser.input(flag, required=False, many=True, help=what)


def item_embeddings_argument(parser: Parser) -> None:
    """Add the item embeddings that some backbones need."""
    parser.input("--item-embeddings", required=False, many=True, help="SASRec's model.safetensors, for LLaRA")


def sequential_arguments(parser: Parser) -> None:
    """Add the files that scripts read and write that train ID-based sequential recommenders."""
    parser.input("--train", help="sequences/train.parquet, or samples/train.parquet for the sampled rows")
    parser.input("--valid", help="samples/valid.parquet, or sequences/valid.parquet for the full split")
    parser.input("--interactions", help="interactions.parquet, for the masks of validation")
    parser.input("--catalogue", help="catalogue.parquet")
    parser.input("--choice", required=False, many=True, help="the choice file, if the settings name no candidate")
    parser.output("--model", help="model.safetensors: the weights of the kept epoch")
    parser.output("--log", help="training.jsonl: a line per epoch and a summary")


def ranking_arguments(parser: Parser) -> None:
    """Add the files that scripts read and write that rank by ID-based sequential recommenders."""
    parser.input("--model", help="model.safetensors")
    parser.input("--rows", help="samples/test.parquet")
    parser.input("--interactions", help="interactions.parquet, for masks up to a row's position")
    parser.input("--catalogue", help="catalogue.parquet")
    parser.output("--ranks", help="ranks.parquet: row, user, target, rank, candidates, ties, paper")


def grounding_arguments(parser: Parser) -> None:
    """Add the files that scripts read that ground generated texts."""
    parser.input("--embeddings", help="embeddings.npy of the texts' titles")
    parser.input("--titles", help="titles.npy: embeddings of the distinct titles")
    parser.input("--catalogue", help="catalogue.parquet")
    parser.input("--interactions", help="interactions.parquet, for masks up to a row's position")
    parser.input("--rows", help="samples/*.parquet: the rows that the texts were generated for")


def beams_argument(parser: Parser) -> None:
    """Add the scores of the texts, which are read if generation.grounding is not first."""
    parser.input("--predictions", required=False, many=True, help="predictions.parquet: the scores of all beams' texts")


def decisions_arguments(parser: Parser) -> None:
    """Add LLM-CF's known decisions, and the title embeddings that measure the similarity of histories."""
    parser.input("--titles", help="titles.npy of the text encoder: embeddings of the distinct titles")
    parser.input("--cot", help="cot.parquet: known decisions")
    parser.input("--sample", help="samples/train.parquet: the rows of the decisions")
