"""The page of significance tests: what its first lines say, and that it is true."""

from hypothesis import given
from hypothesis import strategies as st

from softrec.reporting.summary import comparisons, test_results
from softrec.reporting.summary.test_results import Contrast
from softrec.stats import resampling
from softrec.stats.resampling import Interval
from softrec.stats.table_rows import Comparison
from softrec.stats.variance_components import Estimate


def line(difference: float, p_holm: float) -> Comparison:
    """One comparison of SOFT with SFT."""
    of = ("D", "BIGRec", "H@5", "SFT", "BIGRec", difference, -1.0, 1.0)
    return Comparison(*of, 0.01, p_holm, 100, 20, 2, 0.1, 9.0, "pooled", 1, 1, 1.0)


def test_the_opening_counts_what_is_beyond_noise() -> None:
    """Of four, two have a corrected p below 0.05, of which one is a loss; a p of 0.05 itself is not below it."""
    rows = [line(0.1, 0.01), line(-0.1, 0.01), line(0.1, 0.05), line(0.1, 1.0)]
    told = comparisons.format_comparisons(rows).partition("\n")[0]
    assert told.startswith("Each line is SOFT minus another method")
    assert "2 of 4 differences are beyond noise" in told
    assert "better in 1, worse in 1. The other 2 may be 0 or not" in told


def test_no_p_is_shown_as_zero() -> None:
    """2.1e-09 and McNemar's 1.5e-07 with two digits, as a large p."""
    row = line(0.1, 2.1e-9)._replace(mcnemar_p=1.53e-7)
    assert "| 0.01 | 2.1e-09 | 1.5e-07 |" in comparisons.format_comparisons([row])
    contrast = Contrast("D", "BIGRec", "H@5", "SFT", 0.1, Interval(0.05, 0.15), 2.1e-9)
    assert " 2.1e-09 |\n" in test_results.test_rows([], [contrast], ["H@5"])


def test_nothing_is_said_of_no_comparison() -> None:
    """Without SOFT there is neither an opening nor a count."""
    assert comparisons.format_comparisons([]).startswith("| Data set |")


@given(st.floats(-1, 1), st.floats(0, 0.5), st.floats(0.1, 1000), st.integers(0, 60))
def test_a_small_p_has_an_interval_without_0(value: float, error: float, freedom: float, differing: int) -> None:
    """As the page says: p below 0.05 only where the interval does not contain 0, because both are of one t.

    0.0499 leaves room for rounding at the very edge.
    """
    found = Estimate(value, error, freedom, error**2, 0.0)
    low, high = resampling.t_interval(found)
    assert resampling.p_value(found, differing) >= 0.0499 or not low <= 0.0 <= high
