"""Render a table, a figure or the manifest with its caption as a page of the report."""

import argparse
from dataclasses import dataclass

from softrec.job import program
from softrec.job.settings import read_settings


@dataclass(frozen=True)
class Settings:
    """Settings of a page: its title."""

    title: str


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--content", help="the table as Markdown, the figure as PNG, or facts as JSON")
    parser.input("--caption", help="the caption, without Jinja expressions")
    parser.output("--page", help="the page as HTML")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read content and caption, write the page."""
    from softrec.io import csv_files
    from softrec.reporting import html_page

    title = read_settings(args.settings, Settings).title
    caption = args.caption.read_text(encoding="utf-8")
    if args.content.suffix == ".png":
        text = html_page.figure_page(title, caption, args.content.read_bytes())
    elif args.content.suffix == ".json":
        text = html_page.facts_page(title, caption, args.content.read_text(encoding="utf-8"))
    else:
        text = html_page.table_page(title, caption, args.content.read_text(encoding="utf-8"))
    csv_files.write_text(args.page, text)


if __name__ == "__main__":
    program.run(main, build_parser())
