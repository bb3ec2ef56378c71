"""Train SASRec with one L2 weight and one seed; keep the epoch that is best on validation."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--train", help="sequences/train.parquet")
    parser.input("--valid", help="samples/valid.parquet, or sequences/valid.parquet for the full split")
    parser.input("--interactions", help="interactions.parquet, for the masks of validation")
    parser.input("--catalogue", help="catalogue.parquet")
    parser.output("--model", help="model.safetensors: the weights of the kept epoch")
    parser.output("--log", help="training.jsonl: a line per epoch and a summary")
    return parser


def main(args: argparse.Namespace) -> None:
    """Train from the last checkpoint, if there is one, and write model and log; then the checkpoint goes."""
    import json

    from softrec import checkpoints, files
    from softrec.sequential import allrank, encoder, fit, windows

    settings = job.read_settings(args.settings, fit.FitSettings)
    protocol = allrank.read_protocol(args.catalogue, args.interactions, settings.mask, settings.tie_seed)
    train, valid = (windows.read_windows(path, protocol.items, settings.length) for path in (args.train, args.valid))
    checkpoint = checkpoints.Checkpoint(args.model, checkpoints.run_key(args.settings, args.code, args.files_read))
    trainer = fit.Trainer(train, valid, protocol, settings)
    lines = trainer.fit(checkpoint)
    encoder.save(trainer.model, args.model)
    with files.write_whole(args.log) as partial:
        partial.write_text("".join(json.dumps(line, allow_nan=False) + "\n" for line in lines))
    checkpoint.clear()


if __name__ == "__main__":
    job.run(main, parser())
