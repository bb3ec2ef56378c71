"""Table 2 at the paper's size and the figures, compiled in a two-column page of ACL and of acmart."""

import shutil
import subprocess
from pathlib import Path

import matplotlib.figure
import pytest

from common.errors import SoftrecError
from lib.graph.methods import ROWS
from made_tables import NAMES
from softrec.reporting import latex, paper, table2, table3
from softrec.reporting.figures import style
from softrec.reporting.grouped_table import Table
from softrec.reporting.means import Mean, Means, Place
from softrec.reporting.table2 import RowName, Table2Settings
from softrec.reporting.table3 import FurtherRow, Table3Settings

FURTHER = [FurtherRow(row.method, row.backbone, row.family, "") for row in ROWS if row.family != "paper"]
PS, SIZES = (0.0001, 0.0012), (8000, 4000, 5)
FIGURES = {"figure2": 6.2, "figure5": 3.4, "figure6": 5.0, "curriculum": 6.6}  # inches
# The page, letters and captions of acl.sty (acl-org/acl-style-files), which TeX distributions do not have.
ACL = r"""\documentclass[11pt]{article}
\usepackage{times}
\usepackage[a4paper,margin=2.5cm,heightrounded=true]{geometry}
\setlength\columnsep{0.6cm}
\flushbottom \twocolumn \sloppy
\usepackage{caption}\DeclareCaptionFont{10pt}{\fontsize{10pt}{12pt}\selectfont}\captionsetup{font=10pt}
\makeatletter
\def\small{\@setsize\small{10pt}\ixpt\@ixpt}
\def\footnotesize{\@setsize\footnotesize{10pt}\ixpt\@ixpt}
\def\scriptsize{\@setsize\scriptsize{8pt}\viipt\@viipt}
\makeatother
"""
ACM = "\\documentclass[sigconf,nonacm]{acmart}\n\\title{A}\n\\author{B}\n"
BODY = "\\input{paper}\n" + 900 * "Text of the paper, which goes on. "


def made() -> tuple[Means, Table2Settings]:
    """Three data sets, four metrics, twelve rows of five seeds: no two numbers alike, and Gains of three digits."""
    names = [("SOFT(w/o SA)" if method == "w/o SA" else method, backbone) for method, backbone in NAMES]
    datasets = ["Game", "Movie", "Kindle"]
    places = [Place(*name, dataset, metric) for name in names for dataset in datasets for metric in table2.METRICS]
    level = {"SFT": 0.01, "SDPO": 0.02, "SOFT": 0.0625}
    means = {p: Mean(level.get(p.method, 0.03) + i / 9000, 0.0012, 5) for i, p in enumerate(places)}
    return means, Table2Settings([RowName(*name) for name in names], datasets, list(table2.METRICS))


def made_table3(datasets: list[str]) -> Table:
    """Every bound and control of both backbones, all differences negative and marked."""
    settings = Table3Settings(FURTHER, datasets, ["H@5"], ["H@5"])
    lines = [
        table3.Line(name, backbone, row.method, row.family, "H@5", 0.05, 0.06, -0.0123, -0.0234, -0.0012, *PS, *SIZES)
        for name in datasets
        for backbone in ("BIGRec", "LLaRA")
        for row in FURTHER
        if row.backbone in ("", backbone)
    ]
    return table3.to_table(lines, settings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder with all tables, every Gain marked in the second, the figures, and the floats."""
    means, shape = made()
    below = {
        Place(row.method, "", name, metric): Mean(0.1234, 0.0012, 5)
        for row in FURTHER
        if not row.backbone
        for name in shape.datasets
        for metric in shape.metrics
    }
    marked = {place for place in means if place.method == "SOFT"}
    for name, beyond in (("table2", set()), ("table2_all", marked)):
        (tmp_path / f"{name}.tex").write_text(latex.to_latex(table2.table2(means, shape, beyond, below)))
    (tmp_path / "table3.tex").write_text(latex.to_latex(made_table3(shape.datasets)))
    (tmp_path / "figures").mkdir()
    for name, width in FIGURES.items():
        figure = matplotlib.figure.Figure(figsize=(width, 2.0))
        figure.subplots()
        style.save(figure, *(tmp_path / f"figures/{name}.{form}" for form in ("pdf", "png")))
    tables = [tmp_path / f"{name}.tex" for name in ("table2", "table2_all", "table3")]
    figures = [tmp_path / f"figures/{name}.png" for name in FIGURES]
    (tmp_path / "paper.tex").write_text(paper.floats(tables, figures, paper.PaperSettings(5)))
    return tmp_path


def compiled(folder: Path, head: str, body: str) -> str:
    """The log of pdflatex; skips where it is not installed."""
    if not shutil.which("pdflatex"):
        pytest.skip("no pdflatex on PATH (Debian's texlive-latex-recommended): the floats are compiled by nobody")
    begin = "\\begin{document}\n" + ("\\maketitle\n" if "acmart" in head else "")
    text = f"{head}\\usepackage{{booktabs,graphicx}}\n{begin}{body}\\end{{document}}\n"
    (folder / "page.tex").write_text(text)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=300)
    log = done.stdout.decode(errors="replace")
    if "acmart.cls' not found" in log:
        pytest.skip("no acmart in this TeX (Debian's texlive-publishers): the floats are not compiled in it")
    assert done.returncode == 0, log[-2000:]
    return log


@pytest.mark.parametrize("head", [ACL, ACM], ids=["acl", "acmart"])
def test_all_floats_fit_a_page_of_two_columns(folder: Path, head: str) -> None:
    """No box is wider than its column or the page: three data sets, and every Gain of three digits and marked."""
    log = compiled(folder, head, BODY)
    assert "Overfull \\hbox" not in log
    assert "Output written on page.pdf" in log


def test_a_line_shows_standard_deviations(folder: Path) -> None:
    """They are there: with them the table is wider than a page, so what is compiled above hides them."""
    log = compiled(folder, ACL, "\\newcommand{\\softrecspread}[1]{ {\\scriptsize$\\pm$#1}}\n" + BODY)
    assert "Overfull \\hbox" in log


def test_a_wide_figure_takes_both_columns(folder: Path) -> None:
    """3.4 inches fit one of 3.0 to 3.3 when scaled a little; 5 and 6.2 do not."""
    text = (folder / "paper.tex").read_text()
    assert text.count(r"\begin{figure*}") == 3
    assert r"\includegraphics[width=\columnwidth]{\softrecfolder/figures/figure5.pdf}" in text
    assert "means over 5 seeds" in text
    assert text.count(r"\dagger") == 2


def test_one_seed_has_no_mean() -> None:
    """The caption says so."""
    assert "rows, one seed." in paper.floats([Path("table2.tex")], [], paper.PaperSettings(1))


def test_a_figure_that_is_no_png_is_refused(tmp_path: Path) -> None:
    """Its width cannot be read."""
    (tmp_path / "figure5.png").write_bytes(b"GIF89a")
    with pytest.raises(SoftrecError, match=r"figure5\.png is not a PNG"):
        paper.inches(tmp_path / "figure5.png")
