"""Make Table 2 of the paper from the long table of results."""

import argparse

from softrec.job import program
from softrec.job.settings import read_settings


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--long", help="table2_long.csv, or table2_all_long.csv: method,backbone,dataset,metric,seed,value")
    parser.input("--metrics", many=True, help="test.metrics.json of a run on each of settings.datasets")
    parser.input("--tests", required=False, help="significance.csv: SOFT against the other methods")
    parser.input("--bounds", many=True, required=False, help="table3_long.csv: its rows without a backbone stand below")
    students = "training.jsonl of DLLM2Rec on each data set of settings.taught"
    parser.input("--students", many=True, required=False, help=students)
    parser.output("--csv", help="the table as csv, standard deviations in columns of their own")
    parser.output("--markdown", help="the table as Markdown, with a note on rows, seeds and Gain")
    parser.output("--latex", help="the table as a booktabs tabular, to be input inside a float")
    return parser


def main(args: argparse.Namespace) -> None:
    """Average over seeds, write the table in three formats."""
    from common import log
    from softrec.io import csv_files
    from softrec.reporting import gain_marks, grouped_table, latex, table2, teacher_share
    from softrec.reporting.means import average, bounds
    from softrec.results import long_table, row_counts

    settings = read_settings(args.settings, table2.Table2Settings)
    means = average(long_table.read_long(args.long))
    below = bounds(long_table.read_long(path) for path in args.bounds or [])
    # The tests cover all test rows, so the table over the paper's sample gets no --tests and no marks.
    marked, sentence = gain_marks.beyond_noise(args.tests, means) if args.tests else (set(), "")
    rows = row_counts.format_row_counts(row_counts.read(args.metrics, settings.datasets), settings.tested)
    said = [rows, sentence, teacher_share.format_teacher_share(args.students or [], settings.taught)]
    sentence = " ".join(filter(None, said))
    table = table2.table2(means, settings, marked, below)
    note = table2.note(means, settings, "in bold", sentence, below)
    csv_files.write_text(args.csv, grouped_table.to_csv(table))
    csv_files.write_text(args.markdown, f"{grouped_table.to_markdown(table)}\n{note}\n")
    csv_files.write_text(args.latex, f"{latex.comment(note)}{latex.to_latex(table)}")
    log.info(note)


if __name__ == "__main__":
    program.run(main, build_parser())
