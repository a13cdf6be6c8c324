# SPDX-License-Identifier: Apache-2.0
"""Maximum likelihood of counts: Fisher scoring, with the inverse Fisher information as covariance.

For independent Poisson or binomial counts k with means m(theta) and variances v(m), the score is
J^T (k - m)/v and the expected information J^T diag(1/v) J, J = dm/dtheta (McCullagh and Nelder, Generalized
Linear Models, 2nd ed., section 2.5). A step that lowers the likelihood is halved.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import RunFailed

Real = NDArray[np.float64]
Model = Callable[[Real], Real]
"""Parameters, float64[p] -> one expectation per count, float64[n]."""

STEPS, HALVINGS = 200, 40
SMALL = 1e-12
SETTLED = 1e-6
"""A step that would gain half of this in log-likelihood is a thousandth of a standard deviation."""


@dataclass(frozen=True, slots=True)
class Fit:
    """``values``: float64[p]. ``covariance``: float64[p, p]. ``log_likelihood``: up to a constant."""

    values: Real
    covariance: Real
    log_likelihood: float

    def sigma(self, place: int) -> float:
        """Standard deviation of one parameter."""
        return float(np.sqrt(self.covariance[place, place]))


@dataclass(frozen=True, slots=True)
class Counts:
    """``counts`` and ``trials`` (None: Poisson), float64[n] each."""

    counts: Real
    trials: Real | None

    def mean(self, model: Real) -> Real:
        """Expected counts: a Poisson mean is kept positive, a probability inside 0..1."""
        if self.trials is None:
            return np.maximum(model, SMALL)
        return self.trials * np.clip(model, SMALL, 1 - SMALL)

    def variance(self, mean: Real) -> Real:
        """Variance of the counts."""
        return mean if self.trials is None else mean * (1 - mean / self.trials)

    def log_likelihood(self, mean: Real) -> float:
        """Up to a constant."""
        if self.trials is None:
            return float(np.sum(self.counts * np.log(mean) - mean))
        rest = self.trials - self.counts
        return float(np.sum(self.counts * np.log(mean / self.trials) + rest * np.log1p(-mean / self.trials)))


def fit_poisson(counts: NDArray[np.int64], mean: Model, start: Real) -> Fit:
    """Fit expected counts; ``start`` has to lie on the slope of the wanted maximum, parameters of order 1.

    Raises RunFailed where the counts do not settle the parameters.
    """
    return _fit(Counts(counts.astype(np.float64), None), mean, start)


def fit_binomial(
    successes: NDArray[np.int64] | Real, trials: NDArray[np.int64] | Real, probability: Model, start: Real
) -> Fit:
    """Fit probabilities; as `fit_poisson`. Points without trials say nothing; a prior may add fractions."""
    if np.any(successes < 0) or np.any(successes > trials):
        raise ValueError("successes must lie between 0 and the number of trials")
    kept = trials > 0
    data = Counts(successes[kept].astype(np.float64), trials[kept].astype(np.float64))
    return _fit(data, lambda values: probability(values)[kept], start)


def likeliest(
    successes: NDArray[np.int64], trials: NDArray[np.int64], probability: Model, starts: list[Real]
) -> Real:
    """Of several parameter vectors, the one under which binomial counts are likeliest."""
    data = Counts(successes.astype(np.float64), trials.astype(np.float64))
    return max(starts, key=lambda values: data.log_likelihood(data.mean(probability(values))))


def _fit(data: Counts, model: Model, start: Real) -> Fit:
    values = np.array(start, dtype=np.float64)
    best = data.log_likelihood(data.mean(model(values)))
    for _ in range(STEPS):
        score, information = _score(data, model, values)
        step = _solved(information, score)
        if float(score @ step) < SETTLED:
            return Fit(values, _inverse(information), best)
        values, best = _climb(data, model, values, step, best)
    raise RunFailed(f"the fit of {data.counts.size} counts does not settle")


def _climb(data: Counts, model: Model, values: Real, step: Real, best: float) -> tuple[Real, float]:
    for _ in range(HALVINGS):
        moved = values + step
        likelihood = data.log_likelihood(data.mean(model(moved)))
        if likelihood >= best:
            return moved, likelihood
        step = step / 2
    return values, best


def _score(data: Counts, model: Model, values: Real) -> tuple[Real, Real]:
    mean = data.mean(model(values))
    slope = np.stack([_slope(data, model, values, k) for k in range(values.size)], axis=1)
    weighted = slope / data.variance(mean)[:, None]
    return weighted.T @ (data.counts - mean), weighted.T @ slope


def _slope(data: Counts, model: Model, values: Real, place: int) -> Real:
    width = 1e-5 * max(1.0, abs(float(values[place])))
    up, down = values.copy(), values.copy()
    up[place] += width
    down[place] -= width
    return np.asarray((data.mean(model(up)) - data.mean(model(down))) / (2 * width), dtype=np.float64)


def _solved(information: Real, score: Real) -> Real:
    try:
        return np.asarray(np.linalg.solve(information, score), dtype=np.float64)
    except np.linalg.LinAlgError as error:
        raise RunFailed("the counts do not tell the parameters apart: there is no contrast") from error


def _inverse(information: Real) -> Real:
    try:
        covariance = np.linalg.inv(information)
    except np.linalg.LinAlgError as error:
        raise RunFailed("the counts do not tell the parameters apart: there is no contrast") from error
    if not np.all(np.diag(covariance) > 0):
        raise RunFailed("the counts do not tell the parameters apart: there is no contrast")
    return np.asarray(covariance, dtype=np.float64)
