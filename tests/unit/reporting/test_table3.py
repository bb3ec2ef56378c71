"""Table 3: every comparison with its values, and rows below Table 2 that change none of its cells."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from common.errors import SoftrecError
from softrec.io.csv_files import csv_text
from softrec.reporting import latex, table2, table3
from softrec.reporting.means import average, bounds
from softrec.reporting.summary import further
from softrec.reporting.table3 import FurtherRow, Table3Settings
from softrec.results.long_table import LongRow
from softrec.stats.crossed_design import CHANCE, SAMPLE, SEED, SOURCES, ComponentRow
from softrec.stats.power import PowerRow
from softrec.stats.table_rows import Comparison, IntervalRow

HALF = "Above 0: the distance says more than a fixed weight."
ROWS = [
    FurtherRow("Popularity", "", "bound", "Above 0: the history matters."),
    FurtherRow("SOFT (tau = 1/2)", "BIGRec", "control", HALF),
    FurtherRow("SOFT (tau = 1/2)", "LLaRA", "control", HALF),
]
SETTINGS = Table3Settings(ROWS, ["Game"], ["H@5", "NG@5"], ["H@5"])
VALUES = {("SOFT", "BIGRec"): 0.05, ("SOFT", "LLaRA"): 0.04, ("Popularity", ""): 0.01}
VALUES |= {("SOFT (tau = 1/2)", "BIGRec"): 0.06, ("SOFT (tau = 1/2)", "LLaRA"): 0.04}


def files(folder: Path, *, without: str = "") -> tuple[Path, Path]:
    """Write both files: SOFT of each backbone against its control and popularity; p (Holm) is .01 for popularity."""
    cells = [
        IntervalRow(*name, "Game", metric, value, 0, 1, 1000, 500, 2, *[0.1] * 7)
        for name, value in VALUES.items()
        for metric in SETTINGS.metrics
    ]
    tests = []
    for backbone in ("LLaRA", "BIGRec"):
        for other in (("SOFT (tau = 1/2)", backbone), ("Popularity", "")):
            for metric in SETTINGS.metrics:
                apart = VALUES["SOFT", backbone] - VALUES[other]
                p = 0.01 if other[0] == "Popularity" else 0.5
                sizes = (1000, 500, 2, 0.1, 9.0, "pooled", 1, 2, 0.5)
                tests.append(
                    Comparison("Game", backbone, metric, *other, apart, apart - 0.01, apart + 0.01, p / 2, p, *sizes)
                )
    kept = [row for row in tests if row.other != without]
    paths = folder / "tests.csv", folder / "intervals.csv"
    for path, rows in zip(paths, (kept, cells), strict=True):
        path.write_text(csv_text([rows[0]._fields, *rows]))
    return paths


def test_csv_has_values_differences_and_sizes_in_the_order_of_the_rows(tmp_path: Path) -> None:
    """Two backbones x two rows x two metrics = 8 lines; BIGRec SOFT minus popularity is .05 - .01."""
    read = list(csv.DictReader(io.StringIO(table3.to_csv(table3.lines(*files(tmp_path), SETTINGS)))))
    assert [(row["backbone"], row["other"], row["metric"]) for row in read[:3]] == [
        ("BIGRec", "Popularity", "H@5"),
        ("BIGRec", "Popularity", "NG@5"),
        ("BIGRec", "SOFT (tau = 1/2)", "H@5"),
    ]
    assert len(read) == 8
    first = {name: float(read[0][name]) for name in ("soft", "value", "difference", "low", "high", "p", "p_holm")}
    expected = {"soft": 0.05, "value": 0.01, "difference": 0.04, "low": 0.03, "high": 0.05, "p": 0.005, "p_holm": 0.01}
    assert first == pytest.approx(expected)
    assert (read[0]["family"], read[2]["family"], read[0]["users"]) == ("bound", "control", "500")


def test_markdown_marks_and_explains(tmp_path: Path) -> None:
    """Only printed metrics; popularity is marked; 4 of 8 differences have p (Holm) .01; a meaning stands once a row."""
    text = table3.to_markdown(table3.lines(*files(tmp_path), SETTINGS), SETTINGS)
    assert "NG@5" not in text
    assert text.count("+0.0400†") == 1  # BIGRec; LLaRA's is .03
    assert "4 of 8 differences, SOFT better in 4, worse in 0" in text
    assert text.count(HALF) == 1
    assert "What a marked difference above 0 would mean. A marked one below 0 means that the row is better" in text
    assert "Metrics here: H@5; table3.csv has all 2." in text
    assert "-0.0100 | -0.0200 to +0.0000" in text  # BIGRec .05 - .06


def test_latex_has_four_columns_for_each_data_set(tmp_path: Path) -> None:
    """A line a row at the first metric: difference, both ends, p; a minus sign in place of a hyphen."""
    text = latex.to_latex(table3.to_table(table3.lines(*files(tmp_path), SETTINGS), SETTINGS))
    assert "\\multicolumn{4}{c}{Game, H@5}" in text
    assert "BIGRec & Popularity & 0.0400\\rlap{$^\\dagger$} & 0.0300 & 0.0500 & 0.01" in text
    assert "$-$0.0100 & $-$0.0200" in text


def test_comparisons_and_rows_belong_together(tmp_path: Path) -> None:
    """A configured row without a comparison is refused, and so is a comparison with a row that is not configured."""
    with pytest.raises(SoftrecError, match="SOFT is not compared with Popularity at H@5 on Game"):
        table3.lines(*files(tmp_path, without="Popularity"), SETTINGS)
    with pytest.raises(SoftrecError, match="'Popularity' is no row of Table 3"):
        table3.lines(*files(tmp_path), replace(SETTINGS, rows=ROWS[1:]))
    tests, intervals = files(tmp_path)
    kept = [line for line in intervals.read_text().splitlines() if not line.startswith("Popularity,,Game,NG@5")]
    intervals.write_text("\n".join(kept) + "\n")
    with pytest.raises(SoftrecError, match="the intervals lack Game Popularity NG@5"):
        table3.lines(tests, intervals, SETTINGS)


def test_the_page_of_a_run_says_what_each_line_carries(tmp_path: Path) -> None:
    """Popularity: p (Holm) .01 on both backbones, so SOFT is above twice; tau = 1/2: p .5, so both are open."""
    path = tmp_path / "table3.csv"
    path.write_text(table3.to_csv(table3.lines(*files(tmp_path), SETTINGS)))
    controls, limits = further.further(further.read_lines(path), ["H@5"])
    assert controls.startswith(further.HEADINGS["control"])
    assert "- **SOFT (tau = 1/2)**: of 2 differences, SOFT is open in 2. BIGRec, H@5 on Game: -0.0100 (" in controls
    assert "- **Popularity**: of 2 differences, SOFT is above in 2. BIGRec, H@5 on Game: +0.0400 (+0.0300 to" in limits
    worse = further.read_lines(path)[0]._replace(difference=-0.1)
    assert "SOFT is below in 1." in further.further([worse], ["H@5"])[0]


def test_the_page_of_a_run_says_what_its_rows_can_show(tmp_path: Path) -> None:
    """One comparison at this run's 300 rows, at 1,000 and at 8,000; one whose few differing users say nothing."""
    place = ("Game", "BIGRec", "H@5")
    rows = [
        PowerRow(*place, "SFT", "BIGRec", 0.01, 300, 90, 40, 2, asked, power, 0.02)
        for asked, power in ((300, 0.1), (1000, 0.3), (8000, 0.9))
    ]
    rows += [PowerRow(*place, "SDPO", "BIGRec", 0.0, 300, 90, 2, 2, asked, "", "") for asked in (300, 1000, 8000)]
    rows += [PowerRow(*place, "SASRec", "", 0.01, 300, 90, 40, 2, 300, 0.1, 0.02)]
    path = tmp_path / "power.csv"
    path.write_text(csv_text([PowerRow._fields, *rows]))
    assert further.read_power(path) == rows
    (text,) = further.power([further.read_power(path), []])
    said = "with 300 rows, 10% of experiments find a difference of +0.0100 in H@5; "
    said += "with 1,000 rows, 30%; with 8,000 rows, 90%."
    assert f"- Game, BIGRec SOFT against SFT: {said}" in text
    assert "- Game, BIGRec SOFT against SDPO: 2 users differ in H@5, too few to say." in text
    assert "SASRec" not in text
    assert further.power([[]]) == []


def test_the_page_of_a_run_says_what_other_samples_would_add(tmp_path: Path) -> None:
    """Seeds and chance have variances .0004 and .0001: the mean of five has sqrt(.0005 / 5) = .01; samples add .03."""
    variances = {SEED: 0.0004, SAMPLE: 0.0009, CHANCE: 0.0001}
    rows = [
        ComponentRow("Game A, Game B", "BIGRec", "SOFT", "SFT", "H@5", 0.02, 3, 2, 300, 90, source, v, v**0.5, 0.0, 0.1)
        for source, v in ((name, variances.get(name, 0.0)) for name in SOURCES)
    ]
    path = tmp_path / "variance.csv"
    path.write_text(csv_text([ComponentRow._fields, *rows]))
    assert further.read_components(path) == rows
    (text,) = further.variance([further.read_components(path)])
    assert "leaves their mean a standard deviation of 0.0100" in text
    assert "another sample of training rows, which adds one of 0.0300 (0.0000 to 0.1000)" in text
    assert further.variance([]) == []


def test_without_soft_there_is_no_comparison(tmp_path: Path) -> None:
    """Bounds beside SASRec alone: an empty table and a sentence."""
    tests, intervals = files(tmp_path)
    tests.write_text(csv_text([Comparison._fields]))
    found = table3.lines(tests, intervals, SETTINGS)
    assert found == []
    assert "No comparison: SOFT did not run." in table3.to_markdown(found, SETTINGS)
    assert "tabular" in latex.to_latex(table3.to_table(found, SETTINGS))


def test_bounds_stand_below_table_2_and_change_no_other_cell() -> None:
    """Popularity at .9 is above every row, yet .03 stays in bold and the note says why; SOFT is left out."""
    rows = [LongRow("SASRec", "", "Game", m, 1, 0.03) for m in table2.METRICS]
    rows += [LongRow("SFT", "B", "Game", m, 1, 0.02) for m in table2.METRICS]
    further = [LongRow("SOFT", "B", "Game", m, 1, 0.5) for m in table2.METRICS]
    further += [LongRow("Popularity", "", "Game", m, 1, 0.9) for m in table2.METRICS]
    means, below = average(rows), bounds([further])
    shape = table2.shape_of(rows)
    table = table2.table2(means, shape, (), below)
    assert table.sections[:-1] == table2.table2(means, shape).sections
    last = table.sections[-1]
    assert (last.label, [row.label for row in last.rows]) == ("", ["Popularity"])
    assert [(cell.text, cell.best) for cell in last.rows[0].cells[0]] == [("0.9000", False)] * 4
    assert table2.note(means, shape, "in bold", "", below).endswith(table2.BELOW)
    assert table2.BELOW not in table2.note(means, shape, "in bold")


def test_a_bound_without_a_metric_is_refused() -> None:
    """Popularity has H@5 alone."""
    rows = [LongRow("SASRec", "", "Game", m, 1, 0.03) for m in table2.METRICS]
    below = bounds([[LongRow("Popularity", "", "Game", "H@5", 1, 0.9)]])
    with pytest.raises(SoftrecError, match="Popularity on Game has no H@20"):
        table2.table2(average(rows), table2.shape_of(rows), (), below)
