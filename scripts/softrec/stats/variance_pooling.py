"""Pooling of the seeds' variance over methods that vary alike, since a few seeds of one method say little.

Each method's ratio (`variance_components.Varied`) is tested and pooled: the variance between the runs' means divided by
the noise. Two tests decide. Over the whole run, by metric: does a method vary more or less than the others on every
data set (Bartlett's statistic)? Then methods get a factor of their own, estimated over all data sets. On one data set:
does one method stand out (Cochran's test)? Then this method keeps its own variance there.
"""

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from softrec.core import seeds
from softrec.stats import student_t
from softrec.stats.variance_components import POOLED, Spread, Varied

DOUBT, CONTRADICTED = 0.25, 0.01  # p of Bartlett's statistic below which some methods, or all, get their own factor
STANDS_OUT = 0.05  # p of Cochran's test
DRAWS = 4000  # of the null distribution of Bartlett's statistic
LEAST = 1e-3  # lower bound of a factor over the mean, to avoid log(0) where the few seeds of a method agree
FACTOR, OWN, NONE = "own over data sets", "own", "none"  # the other sources

Names = Sequence[Hashable]


def settle(found: Mapping[str, Varied], names: Mapping[str, Names]) -> dict[str, Spread]:
    """Return the spread to be used on each data set at one metric.

    `found` has the unpooled variation by data set, `names` the methods of each data set in the same order.
    """
    spreads = by_method(found, names) or [by_data_set(varied) for varied in found.values()]
    return dict(zip(found, spreads, strict=True))


def by_method(found: Mapping[str, Varied], names: Mapping[str, Names]) -> list[Spread] | None:
    """Return spreads with a factor per method if the whole run contradicts one common ratio, else None.

    With p between `CONTRADICTED` and `DOUBT`, methods that seem to vary less than the mean are still pooled; with p
    below `CONTRADICTED` every method gets its own factor.
    """
    every = sorted({name for dataset in found for name in names[dataset]}, key=str)
    ratio = np.full((len(found), len(every)), np.nan)
    for i, (dataset, varied) in enumerate(found.items()):
        at = [every.index(name) for name in names[dataset]]
        ratio[i, at] = np.where(varied.noise > 0, varied.ratio, np.nan)
    freedom, there = np.array([varied.seeds - 1.0 for varied in found.values()]), ~np.isnan(ratio)
    if there.any(axis=0).sum() < 2:
        return None
    statistic, factor = bartlett(ratio, freedom)
    p = p_of(statistic, tuple(map(tuple, there.tolist())), tuple(freedom.tolist()))
    if p >= DOUBT:
        return None
    keeps, own = (factor > 1) | (p < CONTRADICTED), (there * freedom[:, None]).sum(axis=0)
    spreads = []
    for dataset, varied in found.items():
        at = [every.index(name) for name in names[dataset]]
        spreads.append(with_factors(pooled(varied, varied.noise > 0), factor[at], own[at], keeps[at]))
    return spreads


def with_factors(one: Spread, factor: np.ndarray, freedom: np.ndarray, keeps: np.ndarray) -> Spread:
    """Multiply the pooled ratio by the `factor` (M,) of each method that `keeps` (M,) selects."""
    keeps = keeps & (one.freedom > 0)
    source = tuple(FACTOR if kept else old for kept, old in zip(keeps, one.source, strict=True))
    ratio, of = np.where(keeps, factor * one.ratio, one.ratio), np.where(keeps, freedom, one.freedom)
    return Spread(one.seeds, one.noise, ratio, of, source)


def bartlett(ratio: np.ndarray, freedom: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Bartlett's statistic (...) and each method's factor (..., M) for ratios (..., D, M).

    A ratio is NaN where a method did not run or does not vary. A factor is the mean over data sets of a method's ratio
    divided by the data set's mean ratio, weighted by the `freedom` (D,) of the data sets.
    """
    weight = np.where(np.isnan(ratio), 0.0, freedom[:, None])
    value = np.nan_to_num(ratio)
    count = (weight > 0).sum(axis=-1, keepdims=True)
    level = value.sum(axis=-1, keepdims=True) / np.maximum(count, 1)
    relative = np.divide(value, level, out=np.ones_like(value), where=level > 0)
    own = weight.sum(axis=-2)
    factor = np.divide((weight * relative).sum(axis=-2), own, out=np.ones_like(own), where=own > 0)
    mean = (own * factor).sum(axis=-1, keepdims=True) / own.sum(axis=-1, keepdims=True)
    return -(own * np.log(np.maximum(factor / mean, LEAST))).sum(axis=-1), factor


def p_of(statistic: np.ndarray, shape: tuple[tuple[bool, ...], ...], freedom: tuple[float, ...]) -> float:
    """Return the Monte Carlo p of a statistic under the null hypothesis that all methods vary alike."""
    return float((1 + (null(shape, freedom) >= statistic).sum()) / (1 + DRAWS))


@lru_cache
def null(shape: tuple[tuple[bool, ...], ...], freedom: tuple[float, ...]) -> np.ndarray:
    """Draw (B,) statistics under the null hypothesis: ratios are chi-squared over their degrees of freedom.

    Bartlett's own approximation is inaccurate with one or two degrees of freedom.
    """
    rng, of = seeds.stream(0, "homogeneity"), np.array(freedom)[:, None]
    drawn = rng.chisquare(np.maximum(of, 1), (DRAWS, *np.shape(shape))) / np.maximum(of, 1)
    return bartlett(np.where(np.array(shape), drawn, np.nan), np.array(freedom))[0]


def by_data_set(varied: Varied) -> Spread:
    """Pool the ratio over the methods of a data set, except those that stand out.

    A method that stands out is left out, and the others are tested again.
    """
    among = varied.noise > 0
    while (most := stands_out(varied.ratio, among, varied.seeds - 1)) is not None:
        among[most] = False
    return pooled(varied, among)


def pooled(varied: Varied, among: np.ndarray) -> Spread:
    """Pool the ratio of the methods in `among` (M,); the others keep their own."""
    varies = varied.noise > 0
    ratio, freedom = varied.ratio.copy(), np.where(varies, varied.seeds - 1.0, 0.0)
    if among.any():
        ratio[among], freedom[among] = ratio[among].mean(), freedom[among].sum()
    source = tuple(POOLED if one else OWN if other else NONE for one, other in zip(among, varies, strict=True))
    return Spread(varied.seeds, varied.noise, ratio, freedom, source)


def stands_out(ratio: np.ndarray, among: np.ndarray, freedom: int) -> int | None:
    """Return the index of the method in `among` (M,) that varies too much to be pooled with the others, or None.

    Cochran's test: the largest variance divided by the mean of the others follows an F distribution; its p is at most
    the number of methods times the tail of F (Bonferroni).
    """
    count = int(among.sum())
    if count < 2:
        return None
    most = int(np.argmax(np.where(among, ratio, -1.0)))
    others = (ratio[among].sum() - ratio[most]) / (count - 1)
    if others <= 0:
        return None
    p = count * student_t.f_tail(ratio[most] / others, freedom, (count - 1) * freedom)
    return most if p < STANDS_OUT else None
