"""Student's t and F against printed tables."""

import pytest

from softrec.stats import student_t


@pytest.mark.parametrize(
    ("freedom", "t"), [(1, 12.7062), (2, 4.3027), (4, 2.7764), (10, 2.2281), (48, 2.0106), (1e6, 1.96)]
)
def test_quantiles_as_tables_have_them(freedom: float, t: float) -> None:
    """T with 2.5 % above it, and back."""
    assert student_t.quantile(0.95, freedom) == pytest.approx(t, abs=1e-4)
    assert student_t.two_sided(-t, freedom) == pytest.approx(0.05, abs=2e-5)


def test_tails_by_hand() -> None:
    """F = 1 is Cauchy: P(|T| >= 1) = 1/2, and far out 2 / (pi t). f = 2: P(|T| >= t) = 1 - t / sqrt(2 + t^2)."""
    assert student_t.two_sided(1.0, 1) == pytest.approx(0.5, rel=1e-12)
    assert student_t.two_sided(1e6, 1) == pytest.approx(6.366198e-7, rel=1e-6)
    assert student_t.two_sided(3.0, 2) == pytest.approx(1 - 3 / 11**0.5, rel=1e-12)
    assert student_t.two_sided(0.0, 7) == 1.0


@pytest.mark.parametrize(("above", "below", "f"), [(1, 4, 7.7086), (4, 44, 2.5837), (2, 22, 3.4434)])
def test_f_as_tables_have_it(above: float, below: float, f: float) -> None:
    """5 % are above; F with 1 and n degrees of freedom is the square of t with n."""
    assert student_t.f_tail(f, above, below) == pytest.approx(0.05, abs=1e-5)
    assert student_t.f_tail(9.0, 1, below) == pytest.approx(student_t.two_sided(3.0, below), rel=1e-12)
