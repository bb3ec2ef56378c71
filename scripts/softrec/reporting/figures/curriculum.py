"""Figure of the curriculum: tau_t and d_t / d_0 by epoch (paper, section 3.2)."""

from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from common.errors import SoftrecError
from softrec.io.training_log import log_error, read_lines
from softrec.reporting.figures import style
from softrec.results.runs import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOT: dict[str, Any] = {"marker": "o", "ms": 4.4, "mec": "white", "mew": 0.8}
HEIGHT = 1.15  # inches of a panel: the paper's four rows, and their legend, fit one screen
SIDE_BY_SIDE = 3  # pairs of panels in the width of a page


@dataclass(frozen=True)
class CurriculumSettings:
    """Settings of the figure.

    `cells` has the run of each training log, in the same order; panels keep the order of data sets and backbones.
    """

    cells: list[Run]


class Curve(NamedTuple):
    """The curve of one run: tau_t and d_t / d_0 before epochs 1, 2, ..., and the kept epoch."""

    run: Run
    tau: list[float]
    distance: list[float]
    kept: int

    @property
    def alpha(self) -> float:
        """The run's alpha."""
        return self.run.value("alpha")


def read_curve(path: Path, run: Run) -> Curve:
    """Read the curve of one training log of SOFT.

    Raises:
        SoftrecError: a line is not JSON, an epoch lacks tau or its distances, or the run did not finish.
    """
    lines = read_lines(path)
    epochs, summary = lines[:-1], lines[-1]
    if not epochs or summary.get("kept_epoch") not in range(1, len(epochs) + 1):
        raise log_error(path, len(lines), "the training did not finish: no summary names the epoch that was kept")
    for number, line in enumerate(epochs, start=1):
        if not {"tau", "d_t", "d_0"} <= set(line) or line["d_0"] <= 0:
            raise log_error(path, number, "an epoch of SOFT has tau, d_t and a positive d_0")
    distance = [line["d_t"] / line["d_0"] for line in epochs]
    return Curve(run, [line["tau"] for line in epochs], distance, summary["kept_epoch"])


def read_curves(logs: list[Path], runs: list[Run]) -> list[Curve]:
    """Read the curve of each log.

    Raises:
        SoftrecError: logs and runs differ in number, or a log is incomplete.
    """
    if len(logs) != len(runs):
        what = f"{len(logs)} training logs are given for {len(runs)} cells"
        raise SoftrecError(what, where="--logs and settings.cells", remedy="give one log per cell, in the same order")
    return [read_curve(log, run) for log, run in zip(logs, runs, strict=True)]


class Step(NamedTuple):
    """One epoch of one run: tau_t and d_t / d_0 before it, and whether its adapter was kept."""

    dataset: str
    backbone: str
    alpha: float
    seed: int
    epoch: int
    tau: float
    d_t_over_d_0: float
    kept: bool


def steps(curves: list[Curve]) -> list[Step]:
    """Return the data of the figure, one row per run and epoch."""
    return [
        Step(
            dataset=curve.run.dataset,
            backbone=curve.run.backbone,
            alpha=curve.alpha,
            seed=curve.run.known_seed(),
            epoch=epoch,
            tau=tau,
            d_t_over_d_0=distance,
            kept=epoch == curve.kept,
        )
        for curve in curves
        for epoch, (tau, distance) in enumerate(zip(curve.tau, curve.distance, strict=True), start=1)
    ]


def mean_by_epoch(series: list[list[float]]) -> list[float]:
    """Return the mean over runs by epoch; runs that have stopped earlier are left out."""
    epochs = range(max(map(len, series)))
    return [fmean(values[epoch] for values in series if epoch < len(values)) for epoch in epochs]


def draw_curriculum(curves: list[Curve]) -> Figure:
    """Draw tau_t above d_t / d_0 of each data set and backbone, one colour per alpha.

    Up to three pairs of panels are side by side; more have one column per data set, and one pair of rows per backbone.
    Bold lines are means over seeds, thin lines single seeds; a dot marks the kept epoch of a seed.

    Raises:
        SoftrecError: there are no curves.
    """
    if not curves:
        raise SoftrecError("there are no training logs of SOFT to draw", remedy="run SOFT, or leave this figure out")
    bands = places(curves)
    alphas = sorted({curve.alpha for curve in curves})
    colours = dict(zip(alphas, style.ordered_colours(len(alphas)), strict=True))
    with style.context():
        size = (style.panels_width(len(bands[0])), HEIGHT * 2 * len(bands) + 0.5)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(2 * len(bands), len(bands[0]), squeeze=False)
        for number, band in enumerate(bands):
            named = False
            for column, (dataset, backbone) in enumerate(band):
                pair = axes[2 * number][column], axes[2 * number + 1][column]
                chosen = [curve for curve in curves if (curve.run.dataset, curve.run.backbone) == (dataset, backbone)]
                draw_pair(pair, chosen, colours, named=not named)
                pair[1].set_ylim(*distance_limits(curves))
                named = named or bool(chosen)
        figure.legend(handles=legend_lines(colours), loc="outside upper center", ncols=len(colours) + 1)
    return figure


def places(curves: list[Curve]) -> list[list[tuple[str, str]]]:
    """Return the data set and backbone of each pair of panels, by band (two rows) and column."""
    datasets = list(dict.fromkeys(curve.run.dataset for curve in curves))
    backbones = list(dict.fromkeys(curve.run.backbone for curve in curves))
    if len(datasets) * len(backbones) <= SIDE_BY_SIDE:
        return [[(dataset, backbone) for dataset in datasets for backbone in backbones]]
    return [[(dataset, backbone) for dataset in datasets] for backbone in backbones]


def draw_pair(pair: tuple["Axes", "Axes"], curves: list[Curve], colours: dict[float, str], *, named: bool) -> None:
    """Draw tau_t above d_t / d_0 for one data set and backbone; without curves (not run) both panels stay blank.

    Only the first panel of a row is `named`: its axis labels hold for the whole row.
    """
    above, below = pair
    if not curves:
        above.set_axis_off()
        below.set_axis_off()
        return
    draw_curves(above, curves, [curve.tau for curve in curves], colours)
    draw_curves(below, curves, [curve.distance for curve in curves], colours)
    epochs = max(len(curve.tau) for curve in curves)
    for axes in pair:
        axes.set_xlim(0.75, epochs + 0.25)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        axes.tick_params(labelleft=named)
    above.set_ylim(0, 1)  # tau is never outside
    above.set_yticks([0, 0.5, 1])
    above.tick_params(labelbottom=False)
    below.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    run = curves[0].run
    above.set_title(f"{run.dataset} · {run.backbone}", parse_math=False)
    below.set_xlabel("epoch $t$")
    if named:
        above.set_ylabel(r"$\tau_t$", fontsize=12)
        below.set_ylabel(r"$d_t\,/\,d_0$", fontsize=12)


def distance_limits(curves: list[Curve]) -> tuple[float, float]:
    """Return the range of d_t / d_0, which all panels share so that they can be compared; it includes 1."""
    values = [1.0, *(value for curve in curves for value in curve.distance)]
    margin = 0.06 * (max(values) - min(values)) or 0.05  # all values may be 1, which would leave no range
    return min(values) - margin, max(values) + margin


def draw_curves(axes: "Axes", curves: list[Curve], series: list[list[float]], colours: dict[float, str]) -> None:
    """Draw thin lines of the seeds, the bold mean over seeds of each alpha, and the dots of kept epochs."""
    for alpha, colour in colours.items():
        own = [(curve, values) for curve, values in zip(curves, series, strict=True) if curve.alpha == alpha]
        if not own:
            continue
        for curve, values in own:
            if len(own) > 1:
                axes.plot(range(1, len(values) + 1), values, color=colour, lw=0.6, alpha=0.5, clip_on=False)
            kept = values[curve.kept - 1]
            axes.plot([curve.kept], [kept], color=colour, zorder=4, clip_on=False, **DOT)
        mean = mean_by_epoch([values for _, values in own])
        axes.plot(range(1, len(mean) + 1), mean, color=colour, lw=1.7, zorder=3, clip_on=False)


def legend_lines(colours: dict[float, str]) -> list[Line2D]:
    """Return one legend entry per alpha, and one for the dots."""
    lines = [Line2D([], [], color=colour, lw=1.7, label=rf"$\alpha = {alpha:g}$") for alpha, colour in colours.items()]
    dot = Line2D([], [], ls="", color=style.INK, label="epoch kept", **DOT)
    return [*lines, dot]
