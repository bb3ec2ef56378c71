"""Tables 2 and 3 and the figures as floats for a paper of two columns, with captions."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.errors import SoftrecError

DPI = 200  # of the figures as PNG
NARROW = 4.0  # inches up to which a figure is set in one column
HEAD = r"""% Tables and figures of a run. They need, in the preamble of a document of two columns:
%   \usepackage{booktabs,graphicx}
%   \newcommand{\softrecfolder}{FOLDER}  % where this file is, seen from the document
% Standard deviations are hidden, because three data sets fit a page only without them. This line shows them:
%   \newcommand{\softrecspread}[1]{ {\scriptsize$\pm$#1}}
\providecommand{\softrecfolder}{.}
"""
ROWS = {"table2": "the paper's sample of test rows", "table2_all": "all test rows"}
NOISE = (
    r" $^\dagger$: a Gain beyond noise ($p < 0.05$ after Holm's correction for all tests; $p$ covers users, and "
    "training runs if there are several)."
)
CAPTIONS = {
    "table3": "SOFT minus each row that bounds what a language model adds, and minus each control, on all test rows: "
    r"difference with its 95\,\% interval, and $p$ after Holm's correction for this table. $^\dagger$: $p < 0.05$.",
}
FIGURES = {
    "figure2": "Left: mean loss of the first epoch on real and on self-distilled data, and their ratio. Right: share "
    "of self-distilled titles whose nearest item is the target (HR@1) or has the category of the target (HC); the "
    "dashed line is HC by chance. Dots are seeds.",
    "figure5": r"Test H@5 of SOFT against $\alpha$. Lines are means over seeds, bars their 95\,\% intervals over users "
    "and seeds, white dots single seeds. The ring marks the value chosen on validation.",
    "figure6": "Training cost from scratch and test H@5, means over seeds. The cost of SDPO and of SOFT includes that "
    "of SFT.",
    "curriculum": r"The curriculum of SOFT: the weight $\tau_t$ of self-distilled data, and the distance $d_t$ between "
    "generated and true titles relative to the base model's. Bold lines are means over seeds, thin lines single seeds; "
    "a dot marks the epoch that was kept.",
}


@dataclass(frozen=True)
class PaperSettings:
    """Settings: the number of seeds."""

    seeds: int


def floats(tables: Sequence[Path], figures: Sequence[Path], settings: PaperSettings) -> str:
    """Return the floats of tables (.tex) and figures (.png, beside .pdf); each is named by its file.

    Raises:
        SoftrecError: a figure is no PNG.
    """
    seeds = "one seed" if settings.seeds == 1 else f"means over {settings.seeds} seeds"
    found = [table_float(path.stem, seeds) for path in tables]
    return "\n".join([HEAD, *found, *(figure_float(path.stem, inches(path)) for path in figures)])


def table_float(name: str, seeds: str) -> str:
    """Return a float as wide as the page; its letters are 8 pt, those of Table 3 7 pt, so that twelve columns fit."""
    size, gap = (r"\fontsize{7}{8.3}", "1.5pt") if name in CAPTIONS else (r"\fontsize{8}{9.5}", "2pt")
    caption = CAPTIONS.get(name) or (
        f"Hit ratio (H) and NDCG (NG) on {ROWS[name]}, {seeds}. The best of each column is bold. Gain: SOFT over the "
        f"better of SFT and SDPO, in percent.{NOISE if name == 'table2_all' else ''}"
    )
    return (
        "\\begin{table*}[t]\n\\centering\n"
        f"\\caption{{{caption}}}\n\\label{{tab:softrec-{name}}}\n"
        f"{size}\\selectfont\n\\setlength{{\\tabcolsep}}{{{gap}}}\n"
        f"\\input{{\\softrecfolder/{name}.tex}}\n\\end{{table*}}\n"
    )


def figure_float(name: str, width: float) -> str:
    """Return a float in one column for a figure of at most `NARROW` inches, else in both."""
    star, size = (
        ("", r"\columnwidth") if width <= NARROW else ("*", r"0.75\textwidth" if width <= 5.5 else r"\textwidth")
    )
    return (
        f"\\begin{{figure{star}}}[t]\n\\centering\n"
        f"\\includegraphics[width={size}]{{\\softrecfolder/figures/{name}.pdf}}\n"
        f"\\caption{{{FIGURES[name]}}}\n\\label{{fig:softrec-{name}}}\n\\end{{figure{star}}}\n"
    )


def inches(png: Path) -> float:
    """Return the width of a PNG at the figures' resolution; its header has it in bytes 16 to 20."""
    head = png.read_bytes()[:24]
    if len(head) < 24 or not head.startswith(b"\x89PNG"):
        raise SoftrecError(f"{png} is not a PNG", remedy=f"remove {png} and let Snakemake make it again")
    return float(struct.unpack(">I", head[16:20])[0]) / DPI
