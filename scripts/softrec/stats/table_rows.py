"""Rows of intervals.csv and significance.csv."""

from typing import NamedTuple

SIGNIFICANT = 0.05
"""A difference is beyond noise if its p after Holm's correction is below this."""


class IntervalRow(NamedTuple):
    """One cell of Table 2 with its interval.

    error, freedom: the standard error of the value, over users and training runs, and its degrees of freedom.
    run_users, run_seeds: the standard deviation of a single run's value due to users, and what seeds add to it;
    run_noise: the part of run_users due to chance in which rows a run hits. users_freedom, seeds_freedom: degrees of
    freedom of the estimates of the users' and of the seeds' variance.
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
    """One comparison: SOFT minus another method.

    p is over users and seeds together, from `error` and `freedom`; p_holm is Holm-corrected. `seeds_from` names the
    source of the seeds' variance. McNemar's fields are empty for NG, because McNemar's test needs binary outcomes.
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
