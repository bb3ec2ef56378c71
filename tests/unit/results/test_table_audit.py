"""The audit of any printed table: planted faults are found, the paper's own table gives what is known of it."""

import json
import math
import re
import subprocess
import sys
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from common.errors import SoftrecError
from places import ROOT, SCRIPTS
from softrec.results import printed_table, table_audit
from softrec.results.consistency import Span
from softrec.results.printed_table import Key, Printed
from softrec.results.table_audit import AuditSettings

TABLES = ROOT / "tests/audited_tables"
PAPER = AuditSettings(1000, 5, "SOFT", ["SFT", "SDPO"], printed_table.number("37.59", gain=True))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script in the project's folder, on a terminal of 80 columns."""
    command = [sys.executable, str(SCRIPTS / "audit_table.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={"COLUMNS": "80"}, check=False)


def cells(**values: str) -> dict[Key, Printed]:
    """Cells of method M on data set D by metric, "H5" for "H@5"."""
    named = {re.sub(r"(\d+)", r"@\1", name): text for name, text in values.items()}
    return {Key("M", "", "D", name): printed(text) for name, text in named.items()}


def printed(text: str, gain: bool = False) -> Printed:
    """A printed number."""
    found = printed_table.number(text, gain=gain)
    assert found is not None
    return found


def test_the_papers_own_table() -> None:
    """The known findings: 72 thousandths, three impossible NDCGs, all 24 Gains and their mean of 37.59 right."""
    table = printed_table.read_table(ROOT / "config/published.csv")
    found = table_audit.audit(table.cells, PAPER)
    assert found.granularity[:3] == (5000, 72, 0)
    assert (found.granularity.wrong, found.granularity.single, found.granularity.single_tested) == ([], 72, 72)
    assert found.granularity.expected == pytest.approx(0.2)
    assert [(fault.key.method, fault.key.dataset) for fault in found.ndcg] == [
        ("SASRec", "Game"),
        ("LLM-CF", "Game"),
        ("LLM-CF", "Kindle"),
    ]
    assert (found.gains.exact, found.gains.rounded, found.gains.wrong, found.gains.unchecked) == (24, 0, [], [])
    assert found.gains.mean is not None
    assert found.gains.mean[1]
    assert (found.faults, sum(table.left.values())) == (3, 12)


def test_every_planted_error_is_found_and_nothing_else() -> None:
    """planted.csv has one of each kind, by hand.

    0.0121 x 5,000 = 60.5 +- 0.25, no whole number. H@20 0.0250 is below H@5 0.0300. NG@5 0.0210 is above H@5 0.0200.
    NG@20 - NG@5 = 0.0030, but 0.02 / log2 21 = 0.00455. 0.0470 / 0.0330 is 42.42 %, not the 51.61 % of 0.0470 over
    SFT's 0.0310. The NG@20 Gain of 46.50 is not 0.0208 / 0.0142 = 46.48 %, but 0.020805 / 0.0142 gives it.
    """
    table = printed_table.read_table(TABLES / "planted.csv")
    found = table_audit.audit(table.cells, AuditSettings(1000, 5, "SOFT", ["SFT", "SDPO"], printed("49.00", gain=True)))
    assert found.granularity.wrong == [Key("Markov", "", "Books", "H@5")]
    assert [(fault.key.method, fault.what) for fault in found.ndcg] == [
        ("Nearest", "H@20"),
        ("Recurrent", "NG@5"),
        ("Attention", "NG@20 - NG@5"),
    ]
    assert [fault.key for fault in found.gains.wrong] == [Key("Gain", "LM", "Books", "H@20")]
    assert (found.gains.exact, found.gains.rounded) == (2, 1)
    assert found.gains.mean is not None
    assert not found.gains.mean[1]
    assert found.faults == 6


def test_multiples_by_brute_force() -> None:
    """70 rows x 3 runs: a number of three decimals passes if some k / 210 rounds to it, with ties up or down."""
    rounded = {
        (Decimal(k) / 210).quantize(Decimal("0.001"), how)
        for k in range(211)
        for how in (ROUND_HALF_UP, ROUND_HALF_DOWN)
    }
    for thousandths in range(1001):
        text = f"{thousandths / 1000:.3f}"
        assert bool(table_audit.check_granularity(cells(H5=text), 70, 3).wrong) == (Decimal(text) not in rounded), text


def test_ndcg_by_brute_force() -> None:
    """Four rows with ranks 0 to 7: all tables of H@2, H@5, NG@2, NG@5 that ranks give pass, rounded to 3 decimals."""
    for ranks in ((a, b, c, d) for a in range(8) for b in range(a, 8) for c in range(b, 8) for d in range(c, 8)):
        values = {}
        for k in (2, 5):
            hits = [rank for rank in ranks if rank < k]
            values[f"H{k}"] = f"{len(hits) / 4:.3f}"
            values[f"NG{k}"] = f"{sum(1 / math.log2(rank + 2) for rank in hits) / 4:.3f}"
        assert table_audit.check_ndcg(cells(**values)) == (1, []), ranks


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"H5": "0.10", "H10": "0.08"}, ["H@10"]),
        ({"H5": "0.10", "H10": "0.09"}, []),
        ({"NG5": "0.10", "NG10": "0.08"}, ["NG@10"]),
        ({"H5": "0.1", "NG5": "0.3"}, ["NG@5"]),
        ({"H5": "0.1", "NG5": "0.2"}, []),
        ({"H1": "0.100", "NG1": "0.099"}, []),
        ({"H1": "0.100", "NG1": "0.098"}, ["NG@1"]),
    ],
)
def test_single_bounds_by_hand(values: dict[str, str], what: list[str]) -> None:
    """0.095 rounds to 0.10 and to 0.09, nothing to both 0.10 and 0.08. H@1 and NG@1 are equal."""
    assert [fault.what for fault in table_audit.check_ndcg(cells(**values))[1]] == what


def test_a_gain_over_a_best_that_may_be_zero_has_no_upper_end() -> None:
    """0.0 may be anything up to 0.05; 0.1 is at least 0.05: the Gain is at least 0 and has no upper end."""
    assert table_audit.gain_span(Span(0.05, 0.15), Span(0, 0.05)) == (0, math.inf)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("0.0150", "0.015", "0.0001"),
        (".5", "0.5", "0.1"),
        ("1", "1", "1"),
        ("1.50%", "0.015", "0.0001"),
        ("0.0733 ± 0.0094", "0.0733", "0.0001"),
        ("0.0733*", "0.0733", "0.0001"),
    ],
)
def test_the_decimals_are_those_of_the_text(text: str, value: str, unit: str) -> None:
    """0.0150 and 0.015 are the same number, printed with another error."""
    assert (printed(text).value, printed(text).unit) == (Fraction(value), Fraction(unit))


@pytest.mark.parametrize(("text", "value"), [("+53.33%†", "53.33"), ("−12.5", "-12.5"), ("-0.00%", "0")])
def test_gains_are_in_percent(text: str, value: str) -> None:
    """With or without the sign."""
    assert printed(text, gain=True).value == Fraction(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "in which no column is a metric"),
        ("Method,Books Precision@5\n", "in which no column is a metric"),
        ("Books H@5,Method\n", "0 columns, not one or two, stand before the first metric"),
        ("Method,Books H@5,Price\nA,0.1,2\n", "'Price' is no metric"),
        ("Method,Books H@5,Books H@5\nA,0.1,0.2\n", "'Books H@5' stands twice"),
        ("A,B,Method,Books H@5\nA,b,c,0.1\n", "3 columns, not one or two, stand before the first metric"),
        ("Method,Books H@5\nA,1.5\n", "not between 0 and 1"),
        ("Method,Books H@5\nA,-0.1\n", "not between 0 and 1"),
        ("Method,Books H@5\nA,1e-2\n", "A, Books, H@5 is '1e-2'"),
        ("Method,Books H@5\nA,nan\n", "is 'nan'"),
        ("Method,Books H@5\nA,0.1\nA,0.1\n", "A, Books, H@5 is given twice"),
        ("Method,Books H@5\nA\n", "1 fields, the header 2"),
        ("Method,Books H@5\n", "has no value"),
        ("Method,Books H@5\nA,\n", "has no value"),
        ("method,backbone,dataset,metric,seed,value\nA,,D,H@5,1,0.1\n", "the header"),
    ],
)
def test_other_tables_are_refused_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    """Each with where and how to mend it."""
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(SoftrecError, match=re.escape(said)) as error:
        printed_table.read_table(tmp_path / "table.csv")
    assert error.value.where
    assert error.value.remedy


def test_statuses_and_report(tmp_path: Path) -> None:
    """0: nothing impossible; 1: something; 2: wrong input, and no report is written then."""
    size = ("--rows", "2000", "--seeds", "5")
    assert run("--table", str(TABLES / "coarse.csv"), *size).returncode == 0
    report = tmp_path / "report.json"
    found = run("--table", str(TABLES / "planted.csv"), *size, "--report", str(report))
    assert (found.returncode, found.stderr) == (1, "")
    assert json.loads(report.read_text())["faults"] == 4  # at 1/10,000 every hit ratio passes; no claimed mean
    report.unlink()
    for wrong in (
        ("--table", str(TABLES / "none.csv"), *size),
        ("--table", str(TABLES / "planted.csv"), "--rows", "0", "--seeds", "5"),
        ("--table", str(TABLES / "planted.csv"), *size, "--mean-gain", "many"),
        ("--table", str(TABLES / "coarse.csv"), *size, "--mean-gain", "37.59"),  # it has no Gains
        ("--table", str(TABLES / "planted.csv"), "--seeds", "5"),
    ):
        refused = run(*wrong, "--report", str(report))
        assert refused.returncode == 2, wrong
        assert "Traceback" not in refused.stderr
        assert not report.exists()


def examples() -> list[tuple[str, str]]:
    """The commands of docs/audit.md, each with the output that the page shows."""
    page = (ROOT / "docs/audit.md").read_text(encoding="utf-8")
    return re.findall(r"```\n\$ python scripts/audit_table\.py (.*?[^\\])\n(.*?)```", page, re.DOTALL)


@pytest.mark.parametrize(("command", "shown"), examples(), ids=[str(at) for at in range(len(examples()))])
def test_the_page_shows_what_the_script_prints(command: str, shown: str) -> None:
    """In 80 columns."""
    printed = run(*command.replace("\\\n", " ").split())
    assert printed.stdout == shown
    assert max(map(len, shown.splitlines())) <= 80


def test_the_page_shows_each_made_table() -> None:
    """Byte for byte, and has an example of each."""
    page, commands = (ROOT / "docs/audit.md").read_text(encoding="utf-8"), [command for command, _ in examples()]
    for path in sorted(TABLES.glob("*.csv")):
        assert f"```\n{path.read_text()}```" in page, path.name
        assert any(path.name in command for command in commands), path.name
    assert any("config/published.csv" in command for command in commands)


def test_a_table_in_percent(tmp_path: Path) -> None:
    """1.50 and 15.0 percent are 0.0150 and 0.150, printed to 0.0001 and to 0.001; the Gain stays in percent."""
    (tmp_path / "table.csv").write_text("Method,H@5,H@20\nSOFT,1.50,15.0\nGain,12.5,3\n")
    found = printed_table.read_table(tmp_path / "table.csv", percent=True).cells
    assert [(float(cell.value), float(cell.unit)) for cell in found.values()] == [
        (0.015, 0.0001),
        (0.15, 0.001),
        (12.5, 0.1),
        (3, 1),
    ]
