"""The style of all figures: colours that colour-blind readers can tell apart, and reproducible bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT = "#262626", "#8c8c8c"

STYLE: dict[str, Any] = {
    "font.family": "STIXGeneral",  # shipped with matplotlib, so that figures are the same on every machine
    "mathtext.fontset": "stix",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.labelsize": 9.5,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "pdf.fonttype": 42,  # embed TrueType fonts, so that text stays searchable
    "savefig.dpi": 200,
    "savefig.bbox": "tight",
    "savefig.pad_inches": 0.04,
}

METHODS = {
    "SASRec": FAINT,
    "SFT": "#d9a400",
    "SDPO": "#d1495b",
    "SOFT(w/o SA)": "#7b4fa3",
    "SOFT": "#1b3a6b",
}
"""The colour of each method in every figure."""

REAL, DISTILLED = "#9a5b3c", "#7fb2dd"
"""The colours of real and of self-distilled data in every figure."""

ORDERED = ("#8ccbb0", "#2f9e87", "#0b4a48")
"""From light to dark, so that the order survives in greyscale: for the values of alpha, and for nothing else."""


def panels_width(count: int) -> float:
    """Return the width in inches of `count` panels side by side.

    Three panels fill the text width of a page; a single one is still wide enough for its legend.
    """
    return max(3.4, 2.2 * count)


def start_at_zero(axes: "Axes") -> None:
    """End the value axis at 0 if it would show negative numbers, which no share can be."""
    axes.set_ylim(bottom=max(0.0, axes.get_ylim()[0]))


def ordered_colours(count: int) -> list[str]:
    """Return `count` colours from light to dark, spaced evenly over `ORDERED` and blended between its colours."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    ramp = LinearSegmentedColormap.from_list("ordered", ORDERED)
    return [to_hex(ramp(i / max(count - 1, 1))) for i in range(count)]


@contextmanager
def context() -> Iterator[None]:
    """Apply the style on top of matplotlib's defaults, so that a user's matplotlibrc does not change the figures."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)  # type: ignore[arg-type]  # the stubs list every key by name
        yield


def save(figure: "Figure", *paths: Path) -> None:
    """Write a figure atomically to each path, in the format of its suffix (.pdf, .png), without a date."""
    for path in paths:
        kind = path.suffix.removeprefix(".")
        undated = {"CreationDate": None, "ModDate": None} if kind == "pdf" else {}
        with atomic_write(path) as partial, context():
            figure.savefig(partial, format=kind, metadata=undated)
