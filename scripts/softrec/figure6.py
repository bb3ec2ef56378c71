"""Figure 6 of the paper: what a method costs, and what it gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from softrec import style
from softrec.ledger import minutes_of
from softrec.results import LongRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = ("SASRec", "SFT", "SDPO", "SOFT(w/o SA)", "SOFT")
MARKERS = dict(zip(SHOWN, "svDPo", strict=True))
GRID = {"SASRec": "l2", "SOFT": "alpha"}


@dataclass(frozen=True)
class Chosen:
    """What a choice file is about: a method on a data set ("" for a method without a backbone)."""

    dataset: str
    backbone: str
    method: str


@dataclass(frozen=True)
class Figure6Settings:
    """metric: accuracy as drawn ("H@5"). choices: what each choice file is about, in order."""

    metric: str
    choices: list[Chosen]


class Point(NamedTuple):
    """A method on a data set: minutes from scratch and the test metric, means over seeds."""

    dataset: str
    backbone: str
    method: str
    minutes: float
    value: float
    device: str


def points_of(
    entries: Sequence[dict[str, Any]], rows: Sequence[LongRow], chosen: Mapping[tuple[str, str, str], str], metric: str
) -> list[Point]:
    """One point per method. `chosen` has the setting of a method with a grid: ("D", "BIGRec", "SOFT"): "alpha=10"."""
    found = []
    device = {(entry["dataset"], entry["backbone"]): entry["device"] for entry in entries}
    wanted = [row for row in rows if row.metric == metric and row.method in SHOWN]
    for place in dict.fromkeys((row.dataset, row.backbone, row.method) for row in wanted):
        own = [row for row in wanted if (row.dataset, row.backbone, row.method) == place]
        setting = chosen.get(place, "")
        minutes = fmean(minutes_of(entries, *place, row.seed, setting) for row in own)
        found.append(Point(*place, minutes, fmean(row.value for row in own), device[place[:2]]))
    return found


def draw(points: Sequence[Point], metric: str) -> Figure:
    """One panel per data set and backbone, SASRec in each panel of its data set."""
    places = list(dict.fromkeys((p.dataset, p.backbone) for p in points if p.backbone))
    with matplotlib.rc_context(style.STYLE):
        columns = min(len(places), 3)
        rows = -(-len(places) // columns)
        figure = Figure(figsize=(max(3.4, 2.5 * columns), 2.2 * rows + 0.35), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).flatten()
        for axes in panels[len(places) :]:
            axes.set_axis_off()
        colours = dict(zip(SHOWN, [style.FAINT, *style.ordered_colours(len(SHOWN) - 1)], strict=True))
        for axes, (dataset, backbone) in zip(panels, places, strict=False):
            own = [p for p in points if p.dataset == dataset and p.backbone in ("", backbone)]
            draw_panel(axes, own, colours)
            axes.set_title(f"{dataset} · {backbone}", parse_math=False)
            axes.set_xlabel(f"minutes of training ({unit(own)})")
        for axes in panels[::columns]:
            axes.set_ylabel(metric)
        handles = panels[0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside upper center", ncols=len(handles[0]))
    return figure


def unit(points: Sequence[Point]) -> str:
    """What a minute is of: one CPU process, or one GPU by name; SASRec is trained on the CPU in any case."""
    devices = dict.fromkeys(p.device for p in points if p.backbone)
    return ", ".join("one CPU process" if device == "CPU" else f"one {device}" for device in devices)


def draw_panel(axes: "Axes", points: Sequence[Point], colours: Mapping[str, str]) -> None:
    """One marker per method, minutes on a logarithmic axis."""
    axes.set_xscale("log")
    axes.grid(True, axis="x", which="major")
    for point in points:
        look = {"marker": MARKERS[point.method], "ms": 7, "mec": "white", "mew": 0.8, "color": colours[point.method]}
        axes.plot([point.minutes], [point.value], ls="", label=point.method, **look)
    axes.margins(x=0.15, y=0.18)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda minutes, _: f"{minutes:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
