"""Figure 6 of the paper: training cost and accuracy of the methods."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from softrec.reporting.figures import style
from softrec.results.device_minutes import WALL
from softrec.results.long_table import LongRow
from softrec.results.runs import Run, Selected
from softrec.results.runtimes import CPU, Entry
from softrec.results.training_cost import cost

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CPU_NAMES = {CPU: "CPU time", WALL: "one CPU process, by the clock"}
SHOWN = ("SASRec", "SFT", "SDPO", "SOFT(w/o SA)", "SOFT")
MARKERS = dict(zip(SHOWN, "svDPo", strict=True))
GRID = {"SASRec": "l2", "SOFT": "alpha"}


@dataclass(frozen=True)
class Figure6Settings:
    """Settings of the figure: the metric of accuracy ("H@5"), and what each choice file is for, in order."""

    metric: str
    choices: list[Run]


class Point(NamedTuple):
    """A method on a data set: device-minutes from scratch (`training_cost.Cost`) and test metric, means over seeds.

    Device-minutes are wall-clock minutes times the number of GPUs, or minutes of CPU time of all processes.
    """

    dataset: str
    backbone: str
    method: str
    minutes: float
    minutes_without_sft: float
    minutes_with_grid: float
    value: float
    ranks: int
    device: str


def points_of(entries: Sequence[Entry], rows: Sequence[LongRow], selected: Selected, metric: str) -> list[Point]:
    """Compute one point per method.

    `selected` has the selected setting of each method with a grid.
    """
    found = []
    wanted = [row for row in rows if row.metric == metric and row.method in SHOWN]
    for place in dict.fromkeys((row.dataset, row.backbone, row.method) for row in wanted):
        own = [row for row in wanted if (row.dataset, row.backbone, row.method) == place]
        choice = selected.get(Run(*place))
        spent = [cost(entries, Run(*place, row.seed, choice.label() if choice else "")) for row in own]
        devices = dict.fromkeys(device for one in spent for device in one.devices)
        ranks = max(one.ranks for one in spent)
        found.append(
            Point(
                *place,
                minutes=fmean(one.minutes for one in spent),
                minutes_without_sft=fmean(one.without_sft for one in spent),
                minutes_with_grid=fmean(one.with_grid for one in spent),
                value=fmean(row.value for row in own),
                ranks=ranks,
                device=", ".join(devices),
            )
        )
    return found


def draw(points: Sequence[Point], metric: str) -> Figure:
    """Draw one panel per data set and backbone, with SASRec in each panel of its data set; all share one unit."""
    places = list(dict.fromkeys((p.dataset, p.backbone) for p in points if p.backbone))
    with style.context():
        columns = min(len(places), 3)
        rows = -(-len(places) // columns)
        figure = Figure(figsize=(max(4.1, 2.5 * columns), 2.1 * rows + 0.7), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).flatten()
        for axes in panels[len(places) :]:
            axes.set_axis_off()
        for axes, (dataset, backbone) in zip(panels, places, strict=False):
            own = [p for p in points if p.dataset == dataset and p.backbone in ("", backbone)]
            draw_panel(axes, own)
            axes.set_title(f"{dataset} · {backbone}", parse_math=False)
        for axes in panels[::columns]:
            axes.set_ylabel(metric)
        figure.align_ylabels()
        size = matplotlib.rcParams["axes.labelsize"]
        figure.supxlabel(label(points), fontsize=size, linespacing=1.1, parse_math=False)
        draw_legend(figure)
    return figure


def draw_legend(figure: Figure) -> None:
    """Draw one legend above the panels, with the methods of all panels in the paper's order."""
    named = {line.get_label(): line for axes in figure.axes for line in axes.lines}
    shown = [method for method in SHOWN if method in named]
    tight = {"handlelength": 1.2, "handletextpad": 0.4, "columnspacing": 1.6}
    figure.legend([named[method] for method in shown], shown, loc="outside upper center", ncols=len(shown), **tight)


def label(points: Sequence[Point]) -> str:
    """Return the label of the time axis with the devices; SASRec gets its own line if its devices differ."""
    tuned, sasrec = ([point for point in points if bool(point.backbone) == own] for own in (True, False))
    own = unit(devices_of(tuned), shared=any(point.ranks > 1 for point in tuned))
    elsewhere = devices_of(sasrec) not in ([], devices_of(tuned))
    return f"{own}\nSASRec: {unit(devices_of(sasrec), shared=False)}" if elsewhere else own


def devices_of(points: Sequence[Point]) -> list[str]:
    """Return the devices of the points, each once."""
    return list(dict.fromkeys(device for point in points for device in point.device.split(", ")))


def unit(devices: Sequence[str], *, shared: bool) -> str:
    """Return the unit of time; `shared`: some jobs ran on several devices at once, so it is process-minutes."""
    if set(devices) == {CPU}:
        return "minutes of CPU time of training"
    if shared:
        kind = "process" if {CPU, WALL} & set(devices) else "GPU"
        return f"{kind}-minutes of training ({', '.join(devices)})"
    one = [CPU_NAMES.get(device, f"one {device}") for device in devices]
    return f"minutes of training ({', '.join(one)})"


def draw_panel(axes: "Axes", points: Sequence[Point]) -> None:
    """Draw one marker per method, with minutes on a logarithmic axis."""
    axes.set_xscale("log")
    axes.grid(True, axis="x", which="major")
    for point in points:
        look: dict[str, Any] = {
            "marker": MARKERS[point.method],
            "ms": 7,
            "mec": "white",
            "mew": 0.8,
            "color": style.METHODS[point.method],
        }
        axes.plot([point.minutes], [point.value], ls="", label=point.method, clip_on=False, zorder=3, **look)
    axes.margins(x=0.15, y=0.18)
    style.start_at_zero(axes)
    low, high = (pick(point.minutes for point in points) for pick in (min, max))
    # Over two decades or more, ticks at 1, 2 and 5 would overlap.
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1, 3)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda minutes, _: f"{minutes:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
