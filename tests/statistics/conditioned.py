# SPDX-License-Identifier: Apache-2.0
"""Exact randomised p-values that need no more than a ratio: counts given their sums, and ranks among draws.

A 2 by 2 table of independent trials, given its margins, follows Fisher's noncentral hypergeometric law, which
depends on the odds ratio alone (Fisher, J. R. Stat. Soc. 98, 39 (1935)). The rank of an observation among as
many draws of the model as one likes is uniform if the model is true (Barnard, J. R. Stat. Soc. B 25, 294
(1963)).
"""

from collections.abc import Sequence

import numpy as np
from exact_statistics import kolmogorov_smirnov, randomised
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import binom, norm

Real = NDArray[np.float64]


def table_pmf(first: int, second: int, trials: int, odds: float) -> Real:
    """Probabilities of 0, 1, ... trials in both events, given how many are in each."""
    low, high = max(0, first + second - trials), min(first, second)
    k = np.arange(low, high + 1)
    cells = (k, first - k, second - k, trials - first - second + k)
    weight = k * np.log(odds) - sum(gammaln(cell + 1) for cell in cells)
    pmf = np.exp(weight - weight.max())
    return np.concatenate([np.zeros(low), pmf / pmf.sum()])


def odds_ratio(joint: Real) -> float:
    """Of a 2 by 2 table of probabilities."""
    return float(joint[0, 0] * joint[1, 1] / (joint[0, 1] * joint[1, 0]))


def correlated(both: int, first: int, second: int, trials: int, joint: Real, u: float) -> float:
    """p-value of coincidences given the counts of each event; ``joint``: probabilities, [no, yes] each."""
    return randomised(both, table_pmf(first, second, trials, odds_ratio(joint)), u)


def shared(pairs: Sequence[tuple[int, int]], trials: tuple[int, int], chances: Real, u: float) -> float:
    """p-value of the sum of first counts, each given first + second; ``chances``: float[pairs, 2]."""
    pmf = np.array([1.0])
    for (first, second), (p, q) in zip(pairs, chances.tolist(), strict=True):
        part = table_pmf(trials[0], first + second, sum(trials), p * (1 - q) / (q * (1 - p)))
        pmf = np.convolve(pmf, part[: first + second + 1])
    return randomised(sum(first for first, _ in pairs), pmf, u)


def binomial(count: int, trials: int, probability: float, u: float) -> float:
    """p-value of a number of successes."""
    below = binom.cdf(count - 1, trials, probability)
    return float(below + u * binom.pmf(count, trials, probability))


def ranked(observed: float, drawn: Real, u: float) -> float:
    """p-value of a number among those drawn from the model."""
    below, equal = np.count_nonzero(drawn < observed), np.count_nonzero(drawn == observed)
    return float((below + u * (equal + 1)) / (drawn.size + 1))


def uniform(p_values: Sequence[float]) -> float:
    """p-value of p-values being uniform: Kolmogorov-Smirnov, or the sum of normal scores, which sees shifts.

    Twice the smaller one (Bonferroni); Stouffer et al., The American Soldier I (1949), for the sum.
    """
    together = float(np.sum(norm.ppf(p_values))) / len(p_values) ** 0.5
    return min(1.0, 2 * min(kolmogorov_smirnov(p_values), 2 * float(norm.sf(abs(together)))))
