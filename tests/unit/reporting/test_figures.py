"""Figures 2, 5 and 6: the numbers behind them, and that they are drawn the same each time."""

import json
from pathlib import Path

import matplotlib
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from common.errors import SoftrecError
from softrec.evaluation.ranking import RANK_TYPES
from softrec.io import csv_files
from softrec.io.tables import write_table
from softrec.reporting.figures import figure2, figure5, figure6, style
from softrec.results.long_table import LongRow
from softrec.results.runs import Run
from softrec.stats.method_comparison import SignificanceSettings
from softrec.stats.resampling import Resampling

SASREC = "SASRec: minutes of CPU time of training"


def write_log(path: Path, loss: float) -> Path:
    """A training log of two epochs."""
    lines = [{"epoch": 1, "loss": loss}, {"epoch": 2, "loss": 9.0}, {"summary": True}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_figure2_compares_first_epochs(tmp_path: Path) -> None:
    """Losses 2.0 and 0.5 of epoch 1, not of epoch 2; hits from the metrics; no category is not a number.

    Which level of the catalogue categories are of, and how many, is said.
    """
    said = {"HR@1": 0.01, "HC": None, "chance": None, "level": 2, "categories": 57}
    (tmp_path / "m").write_text(json.dumps(said))
    real, own = write_log(tmp_path / "r", 2.0), write_log(tmp_path / "s", 0.5)
    (bars,) = figure2.read_bars([real], [own], [tmp_path / "m"], [Run("D", "B", "SFT", 1)])
    assert (bars.loss_real, bars.loss_self_distilled, bars.hr_1) == (2.0, 0.5, 0.01)
    assert bars.hc != bars.hc
    assert (bars.level, bars.classes) == (2, 57)


def bars(seed: int) -> figure2.Bars:
    """One seed of one data set."""
    return figure2.Bars("D", "BIGRec", seed, 2.0, 0.5 + 0.1 * seed, 0.01, 0.4, 0.2, 1, 18)


def test_figure2_prints_the_ratio_of_losses() -> None:
    """Seeds 1 and 2: (0.6 / 2 + 0.7 / 2) / 2 = 0.325; the chance line is at 20 %."""
    left, right = figure2.draw([bars(1), bars(2)]).axes
    assert [text.get_text() for text in left.texts] in (["x 0.33"], ["x 0.32"])
    assert [20.0, 20.0] in [list(line.get_ydata()) for line in right.lines]


def test_figure2_shows_the_line_of_chance() -> None:
    """HC of 4 % is far below a chance of 20 %: the axis reaches up to the line, and down to 0."""
    _, right = figure2.draw([bars(1)._replace(hc=0.04)]).axes
    low, high = right.get_ylim()
    assert (low, high > 20.0) == (0.0, True)


SPANS = [figure5.Span("D", "BIGRec", 0.1, 0.155, 0.0, 0.4), figure5.Span("D", "BIGRec", 10.0, 0.65, 0.3, 1.0)]


def long(path: Path) -> Path:
    """Two seeds of SOFT with alpha 0.1 and 10, SFT, and rows that do not belong into the figure."""
    rows = [
        (LongRow("SOFT", "BIGRec", "D", "H@5", s, 0.1 * s + a / 20), f"alpha={a:g}") for s in (1, 2) for a in (0.1, 10)
    ]
    rows += [(LongRow("SFT", "BIGRec", "D", "H@5", 1, 0.3), ""), (LongRow("SASRec", "", "D", "H@5", 1, 0.3), "")]
    rows.append((LongRow("SFT", "BIGRec", "D", "H@20", 1, 0.3), ""))
    csv_files.write_text(path, csv_files.csv_text([(*LongRow._fields, "setting"), *((*r, s) for r, s in rows)]))
    return path


def test_figure5_has_means_by_alpha_and_a_ring_where_chosen(tmp_path: Path) -> None:
    """Means over seeds: 0.15 + alpha / 20; the ring is on alpha 10; SFT is a line at 0.3."""
    points = figure5.read_points(long(tmp_path / "long.csv"), "H@5")
    assert len(points) == 5
    (panel,) = figure5.draw(points, SPANS, {("D", "BIGRec", "SOFT"): 10.0}, "H@5").axes
    by_label = {line.get_label(): line for line in panel.lines}
    assert list(by_label["SOFT"].get_ydata()) == pytest.approx([0.155, 0.65])
    assert list(by_label["chosen on validation"].get_xdata()) == [10.0]
    assert list(by_label["SFT"].get_ydata()) == [0.3, 0.3]
    bars = [list(line.get_ydata()) for line in panel.lines if line.get_marker() == "_"]
    assert bars == [[0.0, 0.4], [0.3, 1.0]]
    assert panel.get_ylim()[0] == 0.0


def test_figure5_draws_other_curricula_where_they_ran() -> None:
    """By epoch: 0.2 and 0.4 of two seeds at alpha 1 are 0.3, 0.5 and 0.7 at alpha 10 are 0.6, and alpha 1 was chosen.

    LLaRA has none: its panel has SOFT alone, and the legend names what any panel has.
    """
    by_epoch = [(1.0, 1, 0.2), (1.0, 2, 0.4), (10.0, 1, 0.5), (10.0, 2, 0.7)]
    points = [figure5.Point("D", backbone, "SOFT", 1.0, 1, 0.1) for backbone in ("LLaRA", "BIGRec")]
    points += [figure5.Point("D", "BIGRec", "SOFT (tau by epoch)", *point) for point in by_epoch]
    chosen = {("D", "LLaRA", "SOFT"): 1.0, ("D", "BIGRec", "SOFT"): 1.0, ("D", "BIGRec", "SOFT (tau by epoch)"): 1.0}
    figure = figure5.draw(points, [], chosen, "H@5")
    llara, bigrec = ({line.get_label(): line for line in panel.lines} for panel in figure.axes)
    assert "SOFT (tau by epoch)" not in llara
    assert list(bigrec["SOFT (tau by epoch)"].get_xdata()) == [1.0, 10.0]
    assert list(bigrec["SOFT (tau by epoch)"].get_ydata()) == pytest.approx([0.3, 0.6])
    rings = [
        tuple(map(float, (*line.get_xdata(), *line.get_ydata())))
        for line in figure.axes[1].lines
        if line.get_ms() == 10
    ]
    assert rings == [(1.0, 0.1), (1.0, pytest.approx(0.3))]
    (legend,) = figure.legends
    assert {text.get_text() for text in legend.get_texts()} == {"SOFT", "chosen on validation", "SOFT (tau by epoch)"}


def test_figure5_has_the_intervals_of_users(tmp_path: Path) -> None:
    """Of 40 rows of 20 users alpha=1 hits none, alpha=10 all, in both seeds, and the paper's sample is 15 users.

    No resample differs, so both are Wilson's: z^2 / (n + z^2) from 0 and from 1, with z^2 = 3.8415 and n = 15 users.
    """
    runs = [Run("D", "BIGRec", f"alpha={alpha}", seed) for alpha in (1, 10) for seed in (1, 2)]
    paths = [tmp_path / f"{number}.parquet" for number in range(4)]
    for path, rank in zip(paths, (9, 9, 1, 1), strict=True):
        one = {name: [value] * 40 for name, value in (("target", 1), ("candidates", 1000), ("ties", 0), ("rank", rank))}
        users = [1 + row // 2 for row in range(40)]
        write_table(path, {**one, "row": range(40), "user": users, "paper": [u > 5 for u in users]}, RANK_TYPES)
    settings = SignificanceSettings(runs, [], ["H@5"], 1, Resampling(200, 3))
    low, high = figure5.spans(paths, settings)
    assert (low[:5], high[:3], round(high[5], 9)) == (("D", "BIGRec", 1.0, 0.0, 0.0), ("D", "BIGRec", 10.0), 1.0)
    assert (high.value, low.high, high.low) == pytest.approx((1.0, 3.8415 / 18.8415, 15 / 18.8415), rel=1e-4)


def points(device: str = "NVIDIA A800-SXM4-80GB", ranks: int = 1, sasrec: str = "CPU") -> list[figure6.Point]:
    """SASRec and two methods of one backbone."""
    return [
        figure6.Point("D", "", "SASRec", 1.0, 1.0, 2.0, 0.1, 1, sasrec),
        figure6.Point("D", "BIGRec", "SFT", 10.0, 0.0, 10.0, 0.2, ranks, device),
        figure6.Point("D", "BIGRec", "SOFT", 40.0, 30.0, 160.0, 0.3, ranks, device),
    ]


@pytest.mark.parametrize(
    ("device", "ranks", "label"),
    [
        ("A800", 1, f"minutes of training (one A800)\n{SASREC}"),
        ("A800", 4, f"GPU-minutes of training (A800)\n{SASREC}"),
        ("A800, H100", 4, f"GPU-minutes of training (A800, H100)\n{SASREC}"),
        ("CPU", 1, "minutes of CPU time of training"),
        ("CPU", 2, "minutes of CPU time of training"),
    ],
)
def test_figure6_says_what_a_minute_is_of(device: str, ranks: int, label: str) -> None:
    """Of one GPU by its name; summed over several, they are GPU-minutes. CPU time is a sum over processes anyway.

    Here SASRec was trained on the CPU, which goes without saying where all are.
    """
    assert figure6.label(points(device, ranks)) == label


def test_figure6_says_where_minutes_are_the_clocks() -> None:
    """Runs of an earlier version recorded no CPU time."""
    old = "CPU (wall clock)"
    assert figure6.label(points(old, sasrec=old)) == "minutes of training (one CPU process, by the clock)"
    assert figure6.label(points(old, 2, old)).startswith("process-minutes of training (CPU (wall clock))")
    both = "minutes of training (CPU time, one CPU process, by the clock)"
    assert figure6.label(points(f"CPU, {old}", sasrec=old)).splitlines()[0] == both


def test_figure6_says_what_sasrec_was_trained_on() -> None:
    """On the GPU of the others nothing is added; on another one it is named."""
    assert figure6.label(points("A800", sasrec="A800")) == "minutes of training (one A800)"
    both = "minutes of training (one A800)\nSASRec: minutes of training (one T4)"
    assert figure6.label(points("A800", sasrec="T4")) == both


def test_figure6_shows_sasrec_in_the_panel_of_its_data_set() -> None:
    """Minutes of each method by hand."""
    (panel,) = figure6.draw(points(), "H@5").axes
    assert [list(line.get_xdata()) for line in panel.lines] == [[1.0], [10.0], [40.0]]


def test_a_colour_has_one_meaning_in_all_figures() -> None:
    """Methods, kinds of data and the values of alpha share no colour, and no hit ratio below 0 has a place."""
    alphas = style.ordered_colours(4)
    colours = [*style.METHODS.values(), style.REAL, style.DISTILLED, *alphas]
    assert len(set(colours)) == len(colours)
    (six,) = figure6.draw(points(), "H@5").axes
    assert {line.get_color() for line in six.lines} == {style.METHODS[name] for name in ("SASRec", "SFT", "SOFT")}
    assert six.get_ylim()[0] >= 0.0


def test_figure6_has_one_label_for_all_panels_that_fits() -> None:
    """Six panels, and a GPU with a long name on four ranks: the label stands once, within the width of the figure."""
    drawn = []
    for backbone in ("BIGRec", "LLaRA"):
        for dataset in ("Game", "Movie", "Kindle"):
            own = [point._replace(dataset=dataset) for point in points(ranks=4)]
            drawn += [own[0], *(point._replace(backbone=backbone) for point in own[1:])]
    figure = figure6.draw(drawn, "H@5")
    FigureCanvasAgg(figure).draw()
    assert len(figure.axes) == 6
    assert not any(axes.get_xlabel() for axes in figure.axes)
    assert figure.get_supxlabel() == "GPU-minutes of training (NVIDIA A800-SXM4-80GB)\n" + SASREC
    box = figure._supxlabel.get_window_extent()
    assert box.x0 > 0
    assert box.x1 < figure.bbox.width
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["SASRec", "SFT", "SOFT"]


def test_figures_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    """PNG and PDF of each, drawn twice."""
    five = figure5.read_points(long(tmp_path / "long.csv"), "H@5")
    drawing = {
        "2": lambda: figure2.draw([bars(1), bars(2)]),
        "5": lambda: figure5.draw(five, SPANS, {("D", "BIGRec", "SOFT"): 10.0}, "H@5"),
        "6": lambda: figure6.draw(points(), "H@5"),
    }
    for name, draw in drawing.items():
        for form in ("png", "pdf"):
            paths = [tmp_path / f"{name}{i}.{form}" for i in (1, 2)]
            for path in paths:
                style.save(draw(), path)
            assert paths[0].read_bytes() == paths[1].read_bytes() != b""


def test_no_figure_follows_somebody_elses_settings() -> None:
    """A matplotlibrc of the user's is read when matplotlib is imported; inside, its defaults and the style count."""
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30, "text.usetex": True}):
        with style.context():
            found = [matplotlib.rcParams[name] for name in ("axes.facecolor", "font.size", "text.usetex")]
        assert matplotlib.rcParams["axes.facecolor"] == "red"
    assert found == ["white", style.STYLE["font.size"], False]


def test_labels_are_no_formulas(tmp_path: Path) -> None:
    """A data set may have dollars and backslashes in its name."""
    label = r"A $\oops$ B"
    bars = [figure2.Bars(label, "BIGRec", 1, 2.0, 1.0, 0.1, 0.5, 0.2, 1, 4)]
    points = [figure5.Point(label, "BIGRec", "SOFT", 1.0, 1, 0.1)]
    style.save(figure2.draw(bars), tmp_path / "two.png")
    style.save(figure5.draw(points, [], {(label, "BIGRec", "SOFT"): 1.0}, "H@5"), tmp_path / "five.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["five.png", "two.png"]


def test_an_alpha_that_was_chosen_must_have_run() -> None:
    """The choice is of another run."""
    points = [figure5.Point("D", "BIGRec", "SOFT", 1.0, 1, 0.1)]
    with pytest.raises(SoftrecError, match=r"alpha=10 was chosen for D with BIGRec, but was not run"):
        figure5.draw(points, [], {("D", "BIGRec", "SOFT"): 10.0}, "H@5")
