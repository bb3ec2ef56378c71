"""The curriculum figure: what is read, what is drawn, and the same bytes each time."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.colors import to_rgb

from common.errors import SoftrecError
from softrec.reporting.figures import curriculum, style
from softrec.reporting.figures.curriculum import Curve
from softrec.results.runs import Run

RUN = Run("Game", "BIGRec", "SOFT", 1, "alpha=10")
EPOCHS: list[dict[str, Any]] = [
    {"epoch": 1, "tau": 1.0, "d_t": 4.0, "d_0": 4.0},
    {"epoch": 2, "tau": 0.5, "d_t": 3.0, "d_0": 4.0},
    {"epoch": 3, "tau": 0.25, "d_t": 2.0, "d_0": 4.0},
]
SUMMARY = {"summary": True, "kept_epoch": 2, "validation": {}, "stopped": "epochs"}
CURVES = [
    Curve(
        Run(dataset, "BIGRec", "SOFT", seed, f"alpha={alpha:g}"),
        [1.0, 0.9 / alpha, 0.8 / alpha],
        [1.0, 0.7 + seed / 50, 0.6],
        2,
    )
    for dataset in ("Game", "Movie")
    for alpha in (1.0, 10.0)
    for seed in (1, 2)
]


def log_of(path: Path, lines: list[Any]) -> Path:
    """A training log of these lines."""
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def test_log_gives_tau_and_relative_distance(tmp_path: Path) -> None:
    """d_t / d_0 is 4/4, 3/4, 2/4."""
    curve = curriculum.read_curve(log_of(tmp_path / "training.jsonl", [*EPOCHS, SUMMARY]), RUN)
    assert curve == Curve(RUN, [1.0, 0.5, 0.25], [1.0, 0.75, 0.5], kept=2)


def test_the_numbers_behind_are_one_line_an_epoch(tmp_path: Path) -> None:
    """Three epochs, of which the second was kept."""
    curve = curriculum.read_curve(log_of(tmp_path / "training.jsonl", [*EPOCHS, SUMMARY]), RUN)
    assert [tuple(step) for step in curriculum.steps([curve])] == [
        ("Game", "BIGRec", 10.0, 1, 1, 1.0, 1.0, False),
        ("Game", "BIGRec", 10.0, 1, 2, 0.5, 0.75, True),
        ("Game", "BIGRec", 10.0, 1, 3, 0.25, 0.5, False),
    ]


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ([], "it is empty"),
        (EPOCHS, "the training did not finish"),
        ([SUMMARY], "the training did not finish"),
        ([*EPOCHS, SUMMARY | {"kept_epoch": 9}], "no summary names the epoch that was kept"),
        ([{"epoch": 1, "tau": 1.0}, SUMMARY | {"kept_epoch": 1}], "an epoch of SOFT has tau"),
        ([EPOCHS[0] | {"d_0": 0.0}, SUMMARY | {"kept_epoch": 1}], "positive d_0"),
        ([3, SUMMARY], "'3' is not a JSON object"),
    ],
)
def test_log_that_is_not_of_soft_is_refused(tmp_path: Path, lines: list[Any], fault: str) -> None:
    """The error names the file, the line and the fault."""
    path = log_of(tmp_path / "training.jsonl", lines)
    with pytest.raises(SoftrecError, match=rf"{fault}.*\n.*training.jsonl, line \d"):
        curriculum.read_curve(path, RUN)


def test_nothing_to_draw_is_refused() -> None:
    """No curves, no figure."""
    with pytest.raises(SoftrecError, match="no training logs of SOFT"):
        curriculum.draw_curriculum([])


def test_one_log_per_run(tmp_path: Path) -> None:
    """One log cannot belong to two runs."""
    with pytest.raises(SoftrecError, match="1 training logs are given for 2 cells"):
        curriculum.read_curves([log_of(tmp_path / "a", [])], [RUN, RUN])


def test_mean_is_over_the_seeds_that_still_train() -> None:
    """Seeds of 2 and 3 epochs: (1 + 1)/2, (0.4 + 0.6)/2, then the second alone, 0.3."""
    assert curriculum.mean_by_epoch([[1.0, 0.4], [1.0, 0.6, 0.3]]) == pytest.approx([1.0, 0.5, 0.3])


def test_every_run_is_drawn() -> None:
    """Each of 2 x 2 panels: per alpha a mean, two thin lines and two dots, so 2 x 5 lines; d_t / d_0 shares limits."""
    figure = curriculum.draw_curriculum(CURVES)
    assert [len(axes.lines) for axes in figure.axes] == [10] * 4
    assert [axes.get_title() for axes in figure.axes[:2]] == ["Game · BIGRec", "Movie · BIGRec"]
    assert figure.axes[2].get_ylim() == figure.axes[3].get_ylim()
    means = [
        line.get_ydata()[1] for line in figure.axes[2].lines if line.get_linewidth() > 1 and len(line.get_xdata()) > 1
    ]
    assert means == pytest.approx([0.73, 0.73])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        r"$\alpha = 1$",
        r"$\alpha = 10$",
        "epoch kept",
    ]


def test_run_that_is_missing_leaves_its_panels_blank() -> None:
    """LLaRA ran on Movie alone: its Game panels are switched off, its Movie panels carry the labels."""
    llara = [Curve(c.run, c.tau, c.distance, c.kept) for c in CURVES]
    llara = [
        c._replace(run=replace(c.run, dataset="Movie", backbone="LLaRA")) for c in llara if c.run.dataset == "Movie"
    ]
    axes = curriculum.draw_curriculum(CURVES + llara).axes
    assert [a.axison for a in axes] == [True] * 4 + [False, True] * 2
    assert axes[5].get_ylabel() == r"$\tau_t$"


def test_figure_fits_a_screen() -> None:
    """At 200 dots an inch: one data set with two backbones side by side, and the paper's three data sets."""
    game = [curve for curve in CURVES if curve.run.dataset == "Game"]
    llara = [curve._replace(run=replace(curve.run, backbone="LLaRA")) for curve in game]
    one = curriculum.draw_curriculum(game + llara)
    assert [len(one.axes), one.axes[1].get_title()] == [4, "Game · LLaRA"]
    named = [curve._replace(run=replace(curve.run, dataset=name)) for curve in game + llara for name in "ABC"]
    three = curriculum.draw_curriculum(named)
    assert len(three.axes) == 12
    assert max(figure.get_figheight() for figure in (one, three)) * 200 <= 1080


def test_tau_has_no_place_outside_0_and_1() -> None:
    """It is exp(alpha (d_t / d_0 - 1)), at most 1."""
    assert curriculum.draw_curriculum(CURVES).axes[0].get_ylim() == (0.0, 1.0)


def test_figure_has_the_same_bytes_twice(tmp_path: Path) -> None:
    """No date and no random name is in either form; letters of the PDF are embedded as TrueType."""
    for turn in ("a", "b"):
        style.save(curriculum.draw_curriculum(CURVES), tmp_path / f"{turn}.pdf", tmp_path / f"{turn}.png")
    for kind in ("pdf", "png"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    pdf = (tmp_path / "a.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert b"CreationDate" not in pdf
    assert b"/Type3" not in pdf


def test_colours_go_from_light_to_dark() -> None:
    """Luminance (0.2126 R + 0.7152 G + 0.0722 B of linear light) falls: the order of alphas survives in grey."""

    def luminance(colour: str) -> float:
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for count in (1, 2, 4, 6):
        shades = [luminance(colour) for colour in style.ordered_colours(count)]
        assert len(shades) == count
        assert shades == sorted(shades, reverse=True)
