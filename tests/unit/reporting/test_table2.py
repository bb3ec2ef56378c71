"""Table 2: the paper's own numbers must give the paper's own Gains, and nothing may be lost or invented."""

import pytest

from common.errors import SoftrecError
from places import ROOT
from softrec.reporting import table2
from softrec.reporting.grouped_table import Row, Table, flat
from softrec.reporting.means import Place, average, gain
from softrec.reporting.table2 import RowName, Table2Settings
from softrec.results import published
from softrec.results.long_table import LongRow

PUBLISHED = published.read_published(ROOT / "config/published.csv", table=2)
PAPER = [LongRow(*key, seed=0, value=value) for key, value in PUBLISHED.items() if key[0] != "Gain"]
SMALL = Table2Settings([RowName(m, "B") for m in ("SFT", "SDPO", "SOFT(w/o SA)", "SOFT")], ["Game"], ["H@5"])


def row(table: Table, backbone: str, method: str) -> Row:
    """The row of a method below a backbone."""
    section = next(section for section in table.sections if section.label == backbone)
    return next(row for row in section.rows if row.label == method)


def small(**values: list[float]) -> list[LongRow]:
    """Results on one data set and one backbone: a list of values over seeds 1, 2, ... per method."""
    names = {"sft": "SFT", "sdpo": "SDPO", "guidance": "SOFT(w/o SA)", "soft": "SOFT", "sasrec": "SASRec"}
    rows = ((names[name], seed, value) for name, series in values.items() for seed, value in enumerate(series, 1))
    return [LongRow(method, "" if method == "SASRec" else "B", "Game", "H@5", seed, v) for method, seed, v in rows]


def test_published_file_holds_both_tables_whole() -> None:
    """Table 2 prints (4 + 2 x 4 methods + 2 Gain rows) x 3 data sets x 4 metrics = 168 numbers, Table 1 3 x 4 = 12."""
    table_1 = published.read_published(ROOT / "config/published.csv", table=1)
    assert (len(PUBLISHED), len(table_1)) == (14 * 12, 12)
    assert PUBLISHED["SOFT", "LLaRA", "Kindle", "NG@20"] == 0.0269
    assert table_1["", "", "Kindle", "interactions"] == 2155790


def test_paper_numbers_give_every_printed_gain() -> None:
    """Fed with the 144 printed results, the table prints all 24 printed Gains, digit by digit."""
    shape = table2.shape_of(PAPER)
    table = table2.table2(average(PAPER), shape)
    for backbone in ("BIGRec", "LLaRA"):
        expected = [f"{PUBLISHED['Gain', backbone, d, m]:+.2f}%" for d in shape.datasets for m in shape.metrics]
        assert [cell.text for cell in flat(row(table, backbone, "Gain"))] == expected


def test_paper_numbers_give_the_printed_mean_gain() -> None:
    """The abstract's 37.59 % is the mean of the 24 Gains over the better of SFT and SDPO."""
    means, shape = average(PAPER), table2.shape_of(PAPER)
    assert len(table2.gains(means, shape)) == 24
    assert table2.mean_gain(means, shape) == pytest.approx(37.59, abs=0.005)


def test_paper_table_has_the_paper_shape_and_best_cells() -> None:
    """12 methods in three sections, columns by data set; on Game H@5 SOFT is best on both backbones (0.0230 twice)."""
    table = table2.table2(average(PAPER), table2.shape_of(PAPER))
    assert [section.label for section in table.sections] == ["", "BIGRec", "LLaRA"]
    assert [r.label for r in table.sections[0].rows] == ["SASRec", "DROS", "LLM-CF", "DLLM2Rec"]
    assert [r.label for r in table.sections[1].rows] == ["SFT", "SDPO", "SOFT(w/o SA)", "SOFT", "Gain"]
    assert table.column_names()[:5] == ["Game H@5", "Game H@20", "Game NG@5", "Game NG@20", "Movie H@5"]
    best = [(s.label, r.label) for s in table.sections for r in s.rows if r.cells[0][0].best]
    assert best == [("BIGRec", "SOFT"), ("LLaRA", "SOFT")]
    assert row(table, "", "DROS").cells[1][1].best  # Movie H@20: 0.0390, above every LLM method


def test_means_deviations_and_gain_by_hand() -> None:
    """SFT (0.01 + 0.03) / 2 = 0.02, deviation sqrt((0.01² + 0.01²) / (2 - 1)) = 0.0141; SDPO 0.025; SOFT 0.035.

    Gain = 0.035 / max(0.02, 0.025) - 1 = 40 %.
    """
    means = average(small(sft=[0.01, 0.03], sdpo=[0.025, 0.025], soft=[0.03, 0.04]))
    table = table2.table2(means, SMALL)
    assert row(table, "B", "SFT").cells[0][0] == ("0.0200", "0.0141", False, "")
    assert row(table, "B", "SDPO").cells[0][0] == ("0.0250", "0.0000", False, "")
    assert row(table, "B", "SOFT").cells[0][0] == ("0.0350", "0.0071", True, "")
    assert row(table, "B", "Gain").cells[0][0] == ("+40.00%", "", False, "")
    note = "Mean ± standard deviation over 2 seeds. The best of each column is in bold. "
    gain = "Gain: SOFT over the better of SFT and SDPO; its mean over 1 cell is +40.00%."
    assert table2.note(means, SMALL, "in bold") == note + gain


def test_one_seed_has_no_deviation() -> None:
    """A deviation of one number is not 0 but unknown."""
    assert average(small(sft=[0.01]))[Place("SFT", "B", "Game", "H@5")] == (0.01, None, 1)


def test_without_self_adaptation_never_competes() -> None:
    """SOFT 0.03 against SFT 0.02 gains 50 %, although w/o SA reached 0.04."""
    means = average(small(sft=[0.02], guidance=[0.04], soft=[0.03]))
    assert gain(means, "B", "Game", "H@5") == pytest.approx(50)
    assert "Gain: SOFT over SFT;" in table2.note(means, SMALL, "in bold")


@pytest.mark.parametrize(
    ("ran", "expected"),
    [
        ({"sft": [0.02], "soft": [0.01]}, ["SFT", "SOFT", "Gain"]),
        ({"sdpo": [0.02], "soft": [0.01]}, ["SDPO", "SOFT", "Gain"]),
        ({"guidance": [0.02], "soft": [0.01]}, ["SOFT(w/o SA)", "SOFT"]),
        ({"sft": [0.02], "sdpo": [0.01]}, ["SFT", "SDPO"]),
    ],
)
def test_rows_that_did_not_run_are_absent(ran: dict[str, list[float]], expected: list[str]) -> None:
    """Only what ran has a row; Gain needs SOFT and at least one of its competitors."""
    means = average(small(**ran))
    (section,) = table2.table2(means, SMALL).sections
    assert [r.label for r in section.rows] == expected
    assert ("Gain" in table2.note(means, SMALL, "in bold")) == ("Gain" in expected)


def test_losing_is_printed_as_a_negative_gain() -> None:
    """0.01 against 0.02 is -50 %; a loss too small to print is +0.00%, never -0.00%."""
    table = table2.table2(average(small(sft=[0.02], soft=[0.01])), SMALL)
    assert row(table, "B", "Gain").cells[0][0].text == "-50.00%"
    assert table2.format_percent(-0.001) == "+0.00%"


def test_gain_over_zero_is_left_empty() -> None:
    """0.01 / 0 is no percentage: the cell is empty and does not count in the mean."""
    means = average(small(sft=[0.0], soft=[0.01]))
    assert row(table2.table2(means, SMALL), "B", "Gain").cells[0][0].text == ""
    assert table2.mean_gain(means, SMALL) is None


def test_a_column_of_zeros_has_no_best() -> None:
    """Where nobody hits, nobody is best."""
    table = table2.table2(average(small(sft=[0.0], soft=[0.0])), SMALL)
    assert not any(cell.best for section in table.sections for r in section.rows for cell in flat(r))


def test_unplaced_results_are_refused() -> None:
    """A method that the shape does not know must not vanish from the table."""
    with pytest.raises(SoftrecError, match="no place for SASRec on Game"):
        table2.table2(average(small(sasrec=[0.02], sft=[0.01])), SMALL)


def test_a_missing_metric_is_refused() -> None:
    """A configured metric that was not measured is an error, not an empty column."""
    shape = Table2Settings(SMALL.rows, ["Game"], ["H@5", "H@20"])
    with pytest.raises(SoftrecError, match="SFT on Game has no H@20"):
        table2.table2(average(small(sft=[0.01])), shape)


def test_method_missing_on_one_data_set_leaves_its_cell_empty() -> None:
    """SFT ran on Game and Movie, SOFT on Game alone: an empty cell and an empty Gain on Movie."""
    rows = small(sft=[0.02], soft=[0.03])
    rows.append(rows[0]._replace(dataset="Movie"))
    table = table2.table2(average(rows), Table2Settings(SMALL.rows, ["Game", "Movie", "Kindle"], ["H@5"]))
    assert [group.label for group in table.groups] == ["Game", "Movie"]
    assert [cell.text for cell in flat(row(table, "B", "SOFT"))] == ["0.0300", ""]
    assert [cell.text for cell in flat(row(table, "B", "Gain"))] == ["+50.00%", ""]
