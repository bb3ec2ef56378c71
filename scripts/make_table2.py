"""Table 2 of the paper, from the long table of results alone."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--long", help="table2_long.csv, or table2_all_long.csv: method,backbone,dataset,metric,seed,value")
    parser.input("--metrics", many=True, help="test.metrics.json of a run on each of settings.datasets")
    parser.input("--tests", required=False, help="significance.csv: SOFT against the others, over all test rows")
    students = "training.jsonl of DLLM2Rec on each data set of settings.taught"
    parser.input("--students", many=True, required=False, help=students)
    parser.output("--csv", help="the table as csv, standard deviations in columns of their own")
    parser.output("--markdown", help="the table as Markdown, with a note on rows, seeds and Gain")
    parser.output("--latex", help="the table as a booktabs tabular, to be input inside a float")
    return parser


def main(args: argparse.Namespace) -> None:
    """Average over seeds, write the three forms."""
    from softrec import csvfiles, latex, log, noise, results, row_counts, tables, tabular, teaching

    settings = job.read_settings(args.settings, tables.Table2Settings)
    means = tables.average(results.read_long(args.long))
    # What is beyond noise is tested over all rows, so a mark would say nothing of a table of some of them.
    marked, sentence = noise.beyond_noise(args.tests, means) if args.tests else (set(), "")
    rows = row_counts.sentence(row_counts.read(args.metrics, settings.datasets), settings.tested)
    said = [rows, sentence, teaching.sentence(args.students or [], settings.taught)]
    sentence = " ".join(filter(None, said))
    table = tables.table2(means, settings, marked)
    note = tables.note(means, settings, "in bold", sentence)
    csvfiles.write_text(args.csv, tabular.to_csv(table))
    csvfiles.write_text(args.markdown, f"{tabular.to_markdown(table)}\n{note}\n")
    csvfiles.write_text(args.latex, f"{latex.comment(note)}{latex.to_latex(table)}")
    log.say(note)


if __name__ == "__main__":
    job.run(main, parser())
