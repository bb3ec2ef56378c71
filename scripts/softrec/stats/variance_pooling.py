"""Whether the seeds of several methods vary alike, so that one estimate may stand for all: few seeds tell little alone.

What is compared and pooled is each method's ratio (`components.Varied`): how many times its noise the variance of the
runs' means is. Two tests decide. Over the whole run, by metric: does a method vary more or less than others on every
data set (Bartlett's statistic)? Then each method keeps a factor of its own, from all data sets. On one data set: does
one method stand out (Cochran's)? Then it keeps its own variance there.
"""

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from softrec.core import seeds
from softrec.stats import student_t
from softrec.stats.variance_components import POOLED, Spread, Varied

DOUBT, CONTRADICTED = 0.25, 0.01
STANDS_OUT = 0.05
DRAWS = 4000
LEAST = 1e-3  # of the mean: no logarithm of 0 where the few seeds of a method agree
FACTOR, OWN, NONE = "own over data sets", "own", "none"  # the other sources

Names = Sequence[Hashable]


def settle(found: Mapping[str, Varied], names: Mapping[str, Names]) -> dict[str, Spread]:
    """Data set -> the spread to be used at one metric, of what was `found` there; `names` are its methods, in order."""
    spreads = by_method(found, names) or [by_data_set(varied) for varied in found.values()]
    return dict(zip(found, spreads, strict=True))


def by_method(found: Mapping[str, Varied], names: Mapping[str, Names]) -> list[Spread] | None:
    """Spreads with a factor for each method where the whole run speaks against one ratio for all; None where it does
    not. Where it is in doubt (`DOUBT`), a method that seems to vary less than the others is pooled nonetheless.
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
    """A pooled spread in which the methods that `keeps` (M,) names have their `factor` (M,) times the pooled ratio."""
    keeps = keeps & (one.freedom > 0)
    source = tuple(FACTOR if kept else old for kept, old in zip(keeps, one.source, strict=True))
    ratio, of = np.where(keeps, factor * one.ratio, one.ratio), np.where(keeps, freedom, one.freedom)
    return Spread(one.seeds, one.noise, ratio, of, source)


def bartlett(ratio: np.ndarray, freedom: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bartlett's statistic (...) and each method's factor (..., M), of ratios (..., D, M); NaN where a method is not.

    A factor is the mean over data sets of a method's ratio over the data set's mean, weighted by degrees of freedom.
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
    """How often a statistic is reached where all vary alike."""
    return float((1 + (null(shape, freedom) >= statistic).sum()) / (1 + DRAWS))


@lru_cache
def null(shape: tuple[tuple[bool, ...], ...], freedom: tuple[float, ...]) -> np.ndarray:
    """(B,) statistics of ratios that are chi-squared over their degrees of freedom, drawn: with one or two of these
    Bartlett's own approximation is off.
    """
    rng, of = seeds.stream(0, "homogeneity"), np.array(freedom)[:, None]
    drawn = rng.chisquare(np.maximum(of, 1), (DRAWS, *np.shape(shape))) / np.maximum(of, 1)
    return bartlett(np.where(np.array(shape), drawn, np.nan), np.array(freedom))[0]


def by_data_set(varied: Varied) -> Spread:
    """One ratio for all methods of a data set but those that stand out: one that does is left out, and the rest are
    tested again.
    """
    among = varied.noise > 0
    while (most := stands_out(varied.ratio, among, varied.seeds - 1)) is not None:
        among[most] = False
    return pooled(varied, among)


def pooled(varied: Varied, among: np.ndarray) -> Spread:
    """One ratio for the methods `among` (M,), each other's own."""
    varies = varied.noise > 0
    ratio, freedom = varied.ratio.copy(), np.where(varies, varied.seeds - 1.0, 0.0)
    if among.any():
        ratio[among], freedom[among] = ratio[among].mean(), freedom[among].sum()
    source = tuple(POOLED if one else OWN if other else NONE for one, other in zip(among, varies, strict=True))
    return Spread(varied.seeds, varied.noise, ratio, freedom, source)


def stands_out(ratio: np.ndarray, among: np.ndarray, freedom: int) -> int | None:
    """The method among `among` (M,) that varies more than can be pooled with the others, if there is one.

    Cochran's test: the greatest variance over the mean of the others is an F; its p is at most the number of methods
    times the F's tail.
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
