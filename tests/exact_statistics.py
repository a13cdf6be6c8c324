# SPDX-License-Identifier: Apache-2.0
"""Exact randomised p-values and their joint verdict, independent of the code under test.

A count K with distribution pmf gives the randomised p-value  P(K < k) + u·P(K = k)  with u uniform on
(0, 1): uniform on (0, 1) exactly when the model is true, however discrete K is.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

SIGNIFICANCE = 1e-3


def randomised(count: int, pmf: NDArray[np.float64], u: float) -> float:
    """Randomised p-value of `count` under a probability mass function over 0, 1, 2, …"""
    return float(pmf[:count].sum() + u * pmf[count])


def two_sided(count: int, trials: int, probability: float, u: float) -> float:
    """Randomised p-value of a binomial count that may err to both sides: twice the smaller tail."""
    at = stats.binom.pmf(count, trials, probability)
    below, above = stats.binom.cdf(count - 1, trials, probability), stats.binom.sf(count, trials, probability)
    return float(min(1.0, 2 * min(below + u * at, above + (1 - u) * at)))


def binomial_pmf(trials: int, probability: float) -> NDArray[np.float64]:
    """Probabilities of 0 … trials successes."""
    return np.asarray(stats.binom.pmf(np.arange(trials + 1), trials, probability))


def sum_pmf(parts: Sequence[tuple[int, float]]) -> NDArray[np.float64]:
    """Exact distribution of a sum of independent binomials given as (trials, probability)."""
    pmf = np.array([1.0])
    for trials, probability in parts:
        pmf = np.convolve(pmf, binomial_pmf(trials, probability))
    return pmf


def kolmogorov_smirnov(p_values: Sequence[float]) -> float:
    """p-value of the hypothesis that the p-values are uniform on (0, 1)."""
    return float(stats.kstest(p_values, "uniform").pvalue)


def holm(p_by_name: Mapping[str, float], level: float = SIGNIFICANCE) -> dict[str, float]:
    """Names rejected at `level` with Holm's correction, with their p-values."""
    rejected: dict[str, float] = {}
    for rank, (name, p) in enumerate(sorted(p_by_name.items(), key=lambda item: item[1])):
        if p > level / (len(p_by_name) - rank):
            break
        rejected[name] = p
    return rejected


def all_hold(p_values: Sequence[float], level: float = SIGNIFICANCE) -> bool:
    """Whether Holm's correction rejects none of them."""
    return not holm({str(k): p for k, p in enumerate(p_values)}, level)
