"""Table 2 of the paper, from the long table of results alone."""

import argparse

from softrec import job


def parser() -> job.Parser:
    """Arguments of this script."""
    parser = job.Parser(__doc__)
    parser.input("--long", help="table2_long.csv: method,backbone,dataset,metric,seed,value")
    parser.input("--tests", help="significance.csv: SOFT against the others")
    students = "training.jsonl of DLLM2Rec on each data set of settings.taught"
    parser.input("--students", many=True, required=False, help=students)
    parser.output("--csv", help="the table as csv, standard deviations in columns of their own")
    parser.output("--markdown", help="the table as Markdown, with a note on seeds and Gain")
    parser.output("--latex", help="the table as a booktabs tabular, to be input inside a float")
    return parser


def main(args: argparse.Namespace) -> None:
    """Average over seeds, write the three forms."""
    from softrec import csvfiles, latex, log, noise, results, tables, tabular, teaching

    settings = job.read_settings(args.settings, tables.Table2Settings)
    means = tables.average(results.read_long(args.long))
    marked, sentence = noise.beyond_noise(args.tests, means)
    sentence = f"{sentence} {teaching.sentence(args.students or [], settings.taught)}".strip()
    table = tables.table2(means, settings, marked)
    note = tables.note(means, settings, "in bold", sentence)
    csvfiles.write_text(args.csv, tabular.to_csv(table))
    csvfiles.write_text(args.markdown, f"{tabular.to_markdown(table)}\n{note}\n")
    csvfiles.write_text(args.latex, f"{latex.comment(note)}{latex.to_latex(table)}")
    log.say(note)


if __name__ == "__main__":
    job.run(main, parser())
