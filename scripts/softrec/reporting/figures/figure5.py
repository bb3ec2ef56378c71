"""Figure 5 of the paper: the effect of alpha on SOFT."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from common.errors import SoftrecError
from softrec.io import csv_files
from softrec.reporting.figures import style
from softrec.results.long_table import LongRow
from softrec.results.runs import Run
from softrec.stats import method_comparison
from softrec.stats.intervals import of_cell
from softrec.stats.method_comparison import SignificanceSettings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OURS, LINES = "SOFT", {"SFT": (0, (4, 2)), "SOFT(w/o SA)": (0, (1, 1.5))}
# Other curricula, drawn if they are configured: colour and marker.
CURRICULA = {"SOFT (tau by epoch)": ("#1f9e89", "s"), "SOFT (tau by val. loss)": ("#e07a5f", "^")}
RING: dict[str, Any] = {"ls": "", "marker": "o", "ms": 10, "mfc": "none", "mec": style.INK, "mew": 1, "zorder": 4}


@dataclass(frozen=True)
class Figure5Settings:
    """Settings of the figure.

    Attributes:
        metric: the metric to draw ("H@5").
        choices: data set, backbone and method of each choice file, in order.
        alphas: a cell per run of SOFT, with its alpha in the place of the method; the resampling of its intervals.
    """

    metric: str
    choices: list[Run]
    alphas: SignificanceSettings


class Point(NamedTuple):
    """One test value; `alpha` is empty for a method without one."""

    dataset: str
    backbone: str
    method: str
    alpha: float | str
    seed: int
    value: float


class Span(NamedTuple):
    """The 95 % interval of SOFT's mean over seeds with one alpha, over users and seeds, on the paper's sample."""

    dataset: str
    backbone: str
    alpha: float
    value: float
    low: float
    high: float


def spans(ranks: Sequence[Path], alphas: SignificanceSettings) -> list[Span]:
    """Compute the interval of each alpha from the ranks of every run of SOFT; the unit of resampling is the user."""
    ranked = method_comparison.of_paper(method_comparison.read_ranked(alphas.cells, ranks, {}))
    tallies = method_comparison.tallied(ranked, alphas.metrics)
    found = []
    for row in method_comparison.intervals(ranked, tallies, alphas):
        alpha = Run(row.dataset, row.backbone, OURS, setting=row.method).value("alpha")
        found.append(Span(row.dataset, row.backbone, alpha, row.value, *of_cell(row)[0]))
    return found


def read_points(path: Path, metric: str) -> list[Point]:
    """Read the points of every curriculum with every alpha, and of SFT and SOFT(w/o SA), from all settings' long table.

    Raises:
        SoftrecError: a setting of a curriculum is not an alpha.
    """
    found = []
    for line, fields in csv_files.read_csv(path, (*LongRow._fields, "setting")):
        if fields["metric"] == metric and fields["method"] in (OURS, *CURRICULA, *LINES):
            alpha: float | str = ""
            if fields["method"] not in LINES:
                name, _, fields["alpha"] = fields["setting"].partition("=")
                if name != "alpha":
                    what = f"the setting of {fields['method']} is {fields['setting']!r}, not alpha=NUMBER"
                    raise SoftrecError(what, where=f"{path}, line {line}", remedy=f"remove {path}: it is made again")
                alpha = csv_files.number(fields, "alpha", path, line)
            numbers = csv_files.integer(fields, "seed", path, line), csv_files.number(fields, "value", path, line, 0, 1)
            found.append(Point(fields["dataset"], fields["backbone"], fields["method"], alpha, *numbers))
    return found


def require_run(points: Sequence[Point], method: str, chosen: float) -> None:
    """Raise `SoftrecError` unless a method ran with its chosen alpha."""
    alphas = sorted({float(p.alpha) for p in points if p.method == method})
    if chosen not in alphas:
        raise SoftrecError(
            f"alpha={chosen:g} was chosen for {points[0].dataset} with {points[0].backbone}, but was not run",
            where=f"of {method} there are {', '.join(f'alpha={alpha:g}' for alpha in alphas)}",
            remedy="remove the choice and let Snakemake choose again",
        )


def draw(
    points: Sequence[Point], intervals: Sequence[Span], chosen: Mapping[tuple[str, str, str], float], metric: str
) -> Figure:
    """Draw one panel per data set and backbone: means over seeds by alpha, a dot per seed, a ring at the chosen alpha.

    A bar is the interval of each mean of SOFT. Other curricula have their means and rings. `chosen` has the alpha of
    each data set, backbone and method.

    Raises:
        SoftrecError: a chosen alpha was not run.
    """
    places = list(dict.fromkeys((p.dataset, p.backbone) for p in points if p.method == OURS))
    with style.context():
        columns = min(len(places), 3)
        rows = -(-len(places) // columns)
        figure = Figure(figsize=(max(3.4, 2.4 * columns), 2.1 * rows + 0.35), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).flatten()
        for axes in panels[len(places) :]:
            axes.set_axis_off()
        for axes, place in zip(panels, places, strict=False):
            own = [p for p in points if (p.dataset, p.backbone) == place]
            draw_panel(axes, own, chosen[*place, OURS])
            draw_curricula(axes, own, {method: chosen[*place, method] for *at, method in chosen if tuple(at) == place})
            draw_intervals(axes, [span for span in intervals if (span.dataset, span.backbone) == place])
            style.start_at_zero(axes)
            for line in axes.lines:
                line.set_clip_on(False)  # a marker at 0 is on the edge
            axes.set_title(f"{place[0]} · {place[1]}", parse_math=False)
            axes.set_xlabel(r"$\alpha$")
        for axes in panels[::columns]:
            axes.set_ylabel(metric)
        shown = [axes.get_legend_handles_labels() for axes in panels]
        named = {label: handle for handles, labels in shown for handle, label in zip(handles, labels, strict=True)}
        figure.legend(named.values(), named, loc="outside upper center", ncols=3, columnspacing=1.4)
    return figure


def draw_intervals(axes: "Axes", intervals: Sequence[Span]) -> None:
    """Draw a bar with ends at each alpha."""
    for number, span in enumerate(intervals):
        axes.plot(
            [span.alpha] * 2,
            [span.low, span.high],
            color=style.METHODS[OURS],
            marker="_",
            ms=6,
            lw=1,
            label="" if number else "95 % interval",
        )


def draw_curricula(axes: "Axes", points: Sequence[Point], chosen: Mapping[str, float]) -> None:
    """Draw the means of other curricula of one data set and backbone, and a ring at the chosen alpha of each.

    Their lines are thin and above SOFT's, so that both are seen where they are equal.
    """
    for method in [method for method in CURRICULA if method in chosen]:
        require_run(points, method, chosen[method])
        colour, marker = CURRICULA[method]
        own = [p for p in points if p.method == method]
        mean = {a: fmean(p.value for p in own if p.alpha == a) for a in sorted({float(p.alpha) for p in own})}
        axes.plot(list(mean), list(mean.values()), color=colour, lw=0.9, marker=marker, ms=3, label=method, zorder=3.2)
        axes.plot([chosen[method]], [mean[chosen[method]]], **RING)


def draw_panel(axes: "Axes", points: Sequence[Point], chosen: float) -> None:
    """Draw the means, seeds and reference lines of one data set and backbone."""
    colour = style.METHODS[OURS]
    alphas = sorted({float(p.alpha) for p in points if p.method == OURS})
    mean = {a: fmean(p.value for p in points if p.method == OURS and p.alpha == a) for a in alphas}
    axes.set_xscale("log")
    axes.plot(alphas, list(mean.values()), color=colour, lw=1.7, marker="o", ms=4.4, label=OURS, zorder=3)
    seeds = [p for p in points if p.method == OURS]
    if len(seeds) > len(alphas):
        axes.plot(
            [p.alpha for p in seeds],
            [p.value for p in seeds],
            ls="",
            marker="o",
            ms=3,
            mfc="white",
            mec=colour,
            mew=0.8,
            label="one seed",
            zorder=3.5,
        )
    require_run(points, OURS, chosen)
    axes.plot([chosen], [mean[chosen]], label="chosen on validation", **RING)
    for method, dashes in LINES.items():
        values = [p.value for p in points if p.method == method]
        if values:
            axes.axhline(fmean(values), color=style.METHODS[method], lw=1.3, ls=dashes, label=method, zorder=2)
    axes.xaxis.set_major_locator(FixedLocator(alphas))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{alpha:g}" for alpha in alphas])
    axes.margins(x=0.12, y=0.18)
