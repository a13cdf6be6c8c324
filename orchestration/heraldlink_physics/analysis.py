# SPDX-License-Identifier: Apache-2.0
"""Correlators, Bell-state fidelity and readout correction from counted outcomes.

A table counts outcomes of A (rows) and B (columns), first +1 (read as g), then -1 (read as e). Psi+ and Psi-
are analysed apart and then combined: F(Psi±) = (1 - <ZZ> ± <XX> ± <YY>)/4, sigma_E = sqrt((1 - E²)/N).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.errors import PhysicsError

Basis = Literal["XX", "YY", "ZZ"]
Bell = Literal["psi+", "psi-"]
Table = NDArray[np.int64]
"""Counts of outcomes, shape (2, 2)."""

_WEIGHTS: Mapping[Bell, Mapping[Basis, float]] = {
    "psi+": {"XX": 0.25, "YY": 0.25, "ZZ": -0.25},
    "psi-": {"XX": -0.25, "YY": -0.25, "ZZ": -0.25},
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its standard error."""

    value: float
    sigma: float

    def deviation(self, predicted: float) -> float:
        """Standard errors between the estimate and a prediction; NaN without an error to compare with."""
        return (self.value - predicted) / self.sigma if self.sigma > 0 else nan


@dataclass(frozen=True, slots=True)
class ReadoutErrors:
    """One qubit's calibration shots: how often |g> was read as e and |e> as g."""

    shots_g: int
    wrong_g: int
    shots_e: int
    wrong_e: int

    def __post_init__(self) -> None:
        if not (0 <= self.wrong_g <= self.shots_g > 0 and 0 <= self.wrong_e <= self.shots_e > 0):
            raise PhysicsError("calibration needs shots of |g> and of |e>, and no more errors than shots")

    @property
    def rates(self) -> tuple[float, float]:
        """P(read e | g), P(read g | e)."""
        return self.wrong_g / self.shots_g, self.wrong_e / self.shots_e

    @property
    def variances(self) -> tuple[float, float]:
        """Of the two rates, as of a beta posterior, so that no error seen is not "no error"."""
        return _beta_variance(self.wrong_g, self.shots_g), _beta_variance(self.wrong_e, self.shots_e)


def correlator(table: Table) -> Estimate:
    """E = <a b> and sqrt((1 - E²)/N); NaN and infinite error without counts."""
    total = int(table.sum())
    if total == 0:
        return Estimate(nan, float("inf"))
    value = float(table[0, 0] + table[1, 1] - table[0, 1] - table[1, 0]) / total
    return Estimate(value, sqrt(max(0.0, 1 - value**2) / total))


def corrected_correlator(table: Table, a: ReadoutErrors, b: ReadoutErrors) -> Estimate:
    """Readout-corrected <a b>, with the covariance of counts and of the calibration propagated."""
    part = _correct(table, a, b)
    return Estimate(part.value, sqrt(part.variance + float(part.gradient**2 @ _calibration(a, b))))


def bell_fidelity(tables: Mapping[Basis, Table], bell: Bell) -> Estimate:
    """F(Psi±) from raw counts in the three bases."""
    parts = {basis: correlator(tables[basis]) for basis in _WEIGHTS[bell]}
    value = 0.25 + sum(weight * parts[basis].value for basis, weight in _WEIGHTS[bell].items())
    return Estimate(value, 0.25 * sqrt(sum(part.sigma**2 for part in parts.values())))


def corrected_bell_fidelity(
    tables: Mapping[Basis, Table], bell: Bell, a: ReadoutErrors, b: ReadoutErrors
) -> Estimate:
    """Readout-corrected F(Psi±); the calibration's errors are common to the three bases."""
    parts = {basis: _correct(tables[basis], a, b) for basis in _WEIGHTS[bell]}
    value, variance, gradient = 0.25, 0.0, np.zeros(4)
    for basis, weight in _WEIGHTS[bell].items():
        value += weight * parts[basis].value
        variance += weight**2 * parts[basis].variance
        gradient = gradient + weight * parts[basis].gradient
    return Estimate(value, sqrt(variance + float(gradient**2 @ _calibration(a, b))))


def combine(estimates: Sequence[Estimate], heralds: Sequence[int]) -> Estimate:
    """Mean over heralds of independent estimates (Psi+ and Psi-), weighted by how many heralds each has."""
    used = [(item, count) for item, count in zip(estimates, heralds, strict=True) if count > 0]
    total = sum(count for _, count in used)
    if total == 0:
        return Estimate(nan, float("inf"))
    value = sum(count * item.value for item, count in used) / total
    return Estimate(value, sqrt(sum((count * item.sigma) ** 2 for item, count in used)) / total)


@dataclass(frozen=True, slots=True)
class _Corrected:
    value: float
    variance: float
    """From the counts."""
    gradient: NDArray[np.float64]
    """With respect to A's two and B's two error rates, shape (4,)."""


def _correct(table: Table, a: ReadoutErrors, b: ReadoutErrors) -> _Corrected:
    """A qubit's z is read as shift + contrast z on average, so (read - shift)/contrast corrects it."""
    total = int(table.sum())
    if total == 0:
        return _Corrected(nan, float("inf"), np.zeros(4))
    (shift_a, contrast_a), (shift_b, contrast_b) = _line(a), _line(b)
    sides = np.array([1.0, -1.0])
    x = (sides - shift_a)[:, None] / contrast_a
    y = (sides - shift_b)[None, :] / contrast_b
    share = table / total
    value = float(np.sum(share * x * y))
    variance = max(0.0, float(np.sum(share * (x * y) ** 2)) - value**2) / total
    mean_x, mean_y = float(np.sum(share * x)), float(np.sum(share * y))
    gradient = [(value + mean_y) / contrast_a, (value - mean_y) / contrast_a]
    gradient += [(value + mean_x) / contrast_b, (value - mean_x) / contrast_b]
    return _Corrected(value, variance, np.array(gradient, dtype=np.float64))


def _line(errors: ReadoutErrors) -> tuple[float, float]:
    wrong_g, wrong_e = errors.rates
    contrast = 1 - wrong_g - wrong_e
    if contrast <= 0:
        raise PhysicsError(
            f"readout errors {wrong_g:.3f} and {wrong_e:.3f} leave no contrast: their sum must be < 1"
        )
    return wrong_e - wrong_g, contrast


def _calibration(a: ReadoutErrors, b: ReadoutErrors) -> NDArray[np.float64]:
    return np.array([*a.variances, *b.variances], dtype=np.float64)


def _beta_variance(wrong: int, shots: int) -> float:
    mean = (wrong + 1) / (shots + 2)
    return mean * (1 - mean) / (shots + 3)
