"""Figure 2 of the paper: losses on real and self-distilled data, and hit ratios of self-distilled titles."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from softrec.io.records import Record, read_record
from softrec.io.training_log import read_lines
from softrec.reporting.figures import style
from softrec.results.runs import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOSSES: tuple[dict[str, Any], dict[str, Any]] = ({"color": style.REAL}, {"color": style.DISTILLED})
# Both shares are of self-distilled titles, so they have one colour, and a hatch tells them apart.
SHARES: tuple[dict[str, Any], dict[str, Any]] = (
    {"facecolor": style.DISTILLED, "edgecolor": "white", "lw": 0},
    {"facecolor": style.DISTILLED, "edgecolor": "white", "lw": 0, "hatch": "////"},
)


@dataclass(frozen=True)
class Figure2Settings:
    """Settings of the figure; `cells` has the data set, backbone and seed of the files, in their order."""

    cells: list[Run]


class Bars(NamedTuple):
    """The data of one data set, backbone and seed: losses of the first epoch, and hit ratios on training rows.

    A category is a label at `level` of the catalogue (1 is the broadest); there are `classes` categories. `chance` is
    the HC of a category drawn with the targets' category frequencies.
    """

    dataset: str
    backbone: str
    seed: int
    loss_real: float
    loss_self_distilled: float
    hr_1: float
    hc: float
    chance: float
    level: int
    classes: int


def read_bars(real: Sequence[Path], distilled: Sequence[Path], metrics: Sequence[Path], cells: list[Run]) -> list[Bars]:
    """Read first-epoch losses of SFT and SOFT(w/o SA), and the metrics of self-distilled data.

    Both losses start from the base model and are on the same rows in the same order.
    """
    found = []
    for cell, sft, own, path in zip(cells, real, distilled, metrics, strict=True):
        said = read_record(path)
        found.append(
            Bars(
                dataset=cell.dataset,
                backbone=cell.backbone,
                seed=cell.known_seed(),
                loss_real=first_loss(sft),
                loss_self_distilled=first_loss(own),
                hr_1=said.number_or_nan("HR@1", 0, 1),
                hc=said.number_or_nan("HC", 0, 1),
                chance=said.number_or_nan("chance", 0, 1),
                level=said.whole("level"),
                classes=said.whole("categories"),
            )
        )
    return found


def first_loss(log: Path) -> float:
    """The loss of the first epoch of a training log."""
    return Record(read_lines(log)[0], log, line=1).number("loss")


def draw(bars: list[Bars]) -> Figure:
    """Draw losses on both kinds of data (left), and HR@1 and HC in percent with HC's chance level (right)."""
    places = list(dict.fromkeys((bar.dataset, bar.backbone) for bar in bars))
    names = [f"{dataset}\n{backbone}" for dataset, backbone in places]
    with style.context():
        figure = Figure(figsize=(max(6.2, 1.5 * len(places) + 3.2), 2.7), layout="constrained")
        left, right = figure.subplots(1, 2)
        groups = [[bar for bar in bars if (bar.dataset, bar.backbone) == place] for place in places]
        draw_bars(left, [[[b.loss_real for b in g], [b.loss_self_distilled for b in g]] for g in groups], names, LOSSES)
        draw_bars(right, [[[100 * b.hr_1 for b in g], [100 * b.hc for b in g]] for g in groups], names, SHARES)
        left.set_ylabel("loss of the first epoch")
        right.set_ylabel("share of training rows, %")
        for at, group in enumerate(groups):
            ratio = fmean(b.loss_self_distilled / b.loss_real for b in group)
            top = max(b.loss_self_distilled for b in group)
            left.annotate(
                f"x {ratio:.2f}", (at + 0.2, top), (0, 5), textcoords="offset points", ha="center", fontsize=8
            )
            chance = 100 * fmean(b.chance for b in group)
            right.plot([at + 0.01, at + 0.39], [chance, chance], color=style.INK, ls=(0, (3, 1.5)), lw=1)
        for axes in (left, right):
            axes.set_ylim(bottom=0)  # only now: it would keep the top from growing to the line of chance
        kinds = [
            Patch(label=name, **look) for name, look in zip(("real data", "self-distilled data"), LOSSES, strict=True)
        ]
        left.legend(handles=kinds, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
        hits = [Patch(label=name, **look) for name, look in zip(("HR@1", "HC"), SHARES, strict=True)]
        chance_line = Line2D([], [], color=style.INK, ls=(0, (3, 1.5)), lw=1, label="HC by chance")
        right.legend(handles=[*hits, chance_line], loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return figure


def draw_bars(
    axes: "Axes", groups: list[list[list[float]]], names: list[str], looks: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """Draw two bars per group, each a mean over seeds, with a dot per seed where there are several."""
    for at, group in enumerate(groups):
        for values, offset, look in zip(group, (-0.2, 0.2), looks, strict=True):
            axes.bar(at + offset, fmean(values), 0.36, **look)
            if len(values) > 1:
                axes.plot(
                    [at + offset] * len(values), values, ls="", marker="o", ms=3, mfc="white", mec=style.INK, mew=0.7
                )
    axes.set_xticks(range(len(names)), names, parse_math=False)
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.margins(y=0.15)
