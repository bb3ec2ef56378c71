"""The time that a run has left, by hand."""

import pytest

from lib.console.forecast import LEAST, Forecast, duration
from lib.cost.summary import Wall


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        """The time now."""
        return self.now


def test_estimates_are_scaled_by_the_jobs_so_far() -> None:
    """Job 1 was estimated at 10 s and took 20: estimates count twice.

    Left are job 2 (60 s, but of the kind of job 1, so 20) and job 3 (40 s, so 80). One job runs at a time: 100 s are
    left, and 20 of 120 are done.
    """
    clock = Clock()
    forecast = Forecast({1: Wall("fit", 10, False), 2: Wall("fit", 60, False), 3: Wall("tune", 40, False)}, clock)
    assert forecast.left() is None
    forecast.start(1)
    clock.now = 20
    forecast.end(1)
    assert forecast.left() == (100, pytest.approx(20 / 120))


def test_estimates_are_scaled_by_the_jobs_of_their_own_rule_first() -> None:
    """Of two evaluations, 10 s each by the estimate, one took 1 s; so will the other, of another row.

    The tuning, 60 s, has no job of its rule: all that have ended, 1 + 39 s, were estimated at 10 + 30, so it takes 60.
    """
    clock = Clock()
    kinds = {1: ("a", 10, "evaluate"), 2: ("b", 10, "evaluate"), 3: ("fit", 30, "fit"), 4: ("tune", 60, "tune")}
    forecast = Forecast({job: Wall(kind, s, False, rule) for job, (kind, s, rule) in kinds.items()}, clock)
    for job, seconds in ((1, 1), (3, 39)):
        forecast.start(job)
        clock.now += seconds
        forecast.end(job)
    assert forecast.left() == (61, pytest.approx(40 / 101))


def test_jobs_that_run_at_once_are_counted_with_what_they_have_done() -> None:
    """Two jobs of a kind start together; one ends after 30 s. The other, which also takes 30 s, is as good as done.

    A third is left: 30 s of work, of which 60 s were done in 30. So 15 s are left; of 90 s of work 60 are done.
    """
    clock = Clock()
    forecast = Forecast({number: Wall("fit", 1, False) for number in (1, 2, 3)}, clock)
    forecast.start(1)
    forecast.start(2)
    clock.now = 30
    forecast.end(1)
    assert forecast.left() == (15, pytest.approx(60 / 90))


def test_times_of_an_earlier_run_are_taken_as_they_are() -> None:
    """Job 1 took 20 s where 5 were measured; that says nothing about job 2, whose kind took 50 s."""
    clock = Clock()
    forecast = Forecast({1: Wall("fit", 5, True), 2: Wall("tune", 50, True)}, clock)
    forecast.start(1)
    clock.now = 20
    forecast.end(1)
    assert forecast.left() == (50, pytest.approx(20 / 70))


def test_an_estimate_that_nothing_scales_yet_gives_no_forecast() -> None:
    """The cost model's seconds are those of another machine; only a job that ends here tells how they compare."""
    clock = Clock()
    forecast = Forecast({1: Wall("fit", 5, True), 2: Wall("tune", 50, False)}, clock)
    forecast.start(1)
    clock.now = 100
    forecast.end(1)
    assert forecast.left() is None
    assert forecast.due() == ""


def test_a_failed_job_is_still_to_do() -> None:
    """It runs again from the start: 10 s, as job 1 took. The 10 s of its first attempt count as elapsed time alone."""
    clock = Clock()
    forecast = Forecast({1: Wall("fit", 10, False), 2: Wall("fit", 10, False)}, clock)
    forecast.start(1)
    clock.now = 10
    forecast.end(1)
    forecast.start(2)
    clock.now = 20
    forecast.stop(2)
    assert forecast.left() == (20, pytest.approx(1 / 2))


def test_a_forecast_is_given_for_each_tenth_and_not_more_often_than_it_helps() -> None:
    """Of a hundred jobs of 10 s, one after another: after the tenth, 90 jobs of 10 s are left, 15 minutes."""
    clock = Clock()
    forecast = Forecast({number: Wall("fit", 1, False) for number in range(100)}, clock)
    told: dict[int, str] = {}
    for number in range(100):
        forecast.start(number)
        clock.now += 10
        forecast.end(number)
        if text := forecast.due():
            told[number + 1] = text
    assert told[10] == "about 15 min, at the pace so far (10% of the work is done)"
    assert list(told) == list(range(10, 100, 10))
    short = Forecast({number: Wall("fit", 1, False) for number in range(3)}, clock)
    short.start(0)
    clock.now += LEAST - 1
    short.end(0)
    assert short.due() == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (3540, "59 min"),
        (3600, "1 h"),
        (7800, "2 h 10 min"),
        (86_399, "1 d"),
        (270_000, "3 d 3 h"),
    ],
)
def test_times_are_short(seconds: float, text: str) -> None:
    """59.6 s round to a minute; 7,800 s are 130 min; 270,000 s are 75 h."""
    assert duration(seconds) == text
