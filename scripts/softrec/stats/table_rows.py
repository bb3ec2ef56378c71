"""Rows of intervals.csv and significance.csv."""

from typing import NamedTuple


class IntervalRow(NamedTuple):
    """One cell of Table 2 with its interval.

    error, freedom: the standard error of the value, about other users and runs, and its degrees of freedom. run_users,
    run_seeds: the standard deviation of a single run's value, the part of the users and what seeds add beyond it;
    run_noise: the part of run_users that comes from which rows a run happens to hit. users_freedom, seeds_freedom: the
    degrees of freedom of what users and seeds are estimated from.
    """

    method: str
    backbone: str
    dataset: str
    metric: str
    value: float
    low: float
    high: float
    rows: int
    users: int
    seeds: int
    error: float
    freedom: float
    run_users: float
    run_seeds: float
    run_noise: float
    users_freedom: float
    seeds_freedom: float


class Comparison(NamedTuple):
    """One comparison: SOFT less another method. p is over users and seeds together, from `error` and `freedom`;
    `seeds_from` says what the seeds' part is estimated from. McNemar's fields are empty for NG, which has no hits to
    count.
    """

    dataset: str
    backbone: str
    metric: str
    other: str
    other_backbone: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    rows: int
    users: int
    seeds: int
    error: float
    freedom: float
    seeds_from: str
    mcnemar_only_soft: int | str
    mcnemar_only_other: int | str
    mcnemar_p: float | str
