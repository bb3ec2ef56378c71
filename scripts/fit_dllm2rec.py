"""Train DLLM2Rec: SASRec with the rankings of BIGRec (tuned by SFT) distilled into it."""

import argparse

from softrec.job import arguments, program
from softrec.job.settings import from_arguments, read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    arguments.sequential_arguments(parser)
    parser.input("--titles", help="titles.npy: embeddings of the distinct titles")
    parser.input("--sample", help="samples/train.parquet: the rows for which the teacher generated titles")
    parser.input("--nearest", help="self_distilled.nearest.parquet: the items nearest to the teacher's titles")
    return parser


def main(args: argparse.Namespace) -> None:
    """Train and save; the summary of the training log records how many training rows the teacher has labelled."""
    from common.log import info
    from softrec.io.checkpoints import run_key
    from softrec.llm_enhanced import dllm2rec, teacher
    from softrec.sequential import run

    settings = read_settings(args.settings, dllm2rec.Dllm2recSettings)
    told = teacher.read_teacher(args.catalogue, args.titles, args.nearest, args.train, args.sample)
    info(f"the teacher has labelled {len(told.items):,} of {len(told.place):,} training rows")
    method = dllm2rec.Dllm2rec(settings.distillation, told, settings.fit.seed)
    l2 = run.candidate_or_chosen(args.choice, "l2", settings.l2)
    paths, key = from_arguments(args, run.FitFiles), run_key(args.settings, args.code, args.files_read)
    run.fit_and_save(paths, key, settings.fit, method, l2, teacher_rows=len(told.items), training_rows=len(told.place))


if __name__ == "__main__":
    program.run(main, build_parser())
