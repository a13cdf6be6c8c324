# SPDX-License-Identifier: Apache-2.0
"""The line between two clocks that fits their related pairs best, with its errors."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink.calibration.measured import Measured
from heraldlink.errors import DataError
from heraldlink.tags.block import Times
from heraldlink.tags.clock_pairs import ClockOffset, Line, SharedPairs, shared_pairs

Real = NDArray[np.float64]

STEPS = 300
CONVERGED = 1e-3
"""Of its own error, by which a step may still move the line."""

FEWEST_PAIRS = 10

JITTERS = 8
"""Half width of the window of the final fit, in standard deviations of the pairs."""

SMALLEST_JITTER_PS = 0.3
"""Standard deviation of whole picoseconds, rounded."""


@dataclass(frozen=True, slots=True)
class _Mixture:
    """Related pairs N(offset + drift x, jitter^2), a share of all, on an even floor; x = since / scale."""

    offset: float
    drift: float
    jitter: float
    share: float


def fit_pairs(
    first_ps: Times, second_ps: Times, start: Line, width_ps: float, significance: float
) -> ClockOffset:
    """Maximum likelihood line: related pairs spread normally about it, all others evenly.

    ``width_ps``: about the jitter, which ``start`` is off by at most. By expectation and maximisation; errors
    from the scores of the pairs (McLachlan and Krishnan, The EM Algorithm and Extensions, 2nd ed., section
    4.3). Raises DataError if fewer than `FEWEST_PAIRS` pairs are related.
    """
    found = _fit(
        shared_pairs(first_ps, second_ps, start, 2 * JITTERS * width_ps), start, width_ps, significance
    )
    closer = shared_pairs(first_ps, second_ps, found.line, JITTERS * max(found.jitter_ps, 1.0))
    return _fit(closer, found.line, found.jitter_ps, significance)


def _fit(near: SharedPairs, start: Line, jitter_ps: float, significance: float) -> ClockOffset:
    scale = max(1.0, float(np.abs(near.since_ps).max(initial=1.0)))
    x, away, floor = near.since_ps / scale, near.away_ps, 1 / (2 * near.within_ps + 1)
    here = _Mixture(0.0, 0.0, max(jitter_ps, SMALLEST_JITTER_PS), 0.5)
    weight = _related(here, x, away, floor)
    for _ in range(STEPS):
        if weight.sum() < FEWEST_PAIRS:
            raise DataError(f"{weight.sum():.0f} related pairs: too few for a clock offset")
        before, here = here, _maximised(weight, x, away)
        weight = _related(here, x, away, floor)
        step = abs(here.offset - before.offset) + abs(here.drift - before.drift)
        if step < CONVERGED * here.jitter / sqrt(float(weight.sum())):
            break
    middle, offset_sigma, drift_sigma = _errors(here, weight, x, away)
    at = round(middle * scale)
    drift = start.drift + here.drift / scale
    value = start.offset_ps + here.offset + here.drift * at / scale + start.drift * at
    return ClockOffset(
        start.at_ps + at,
        Measured(value, offset_sigma, "ps"),
        Measured(drift, drift_sigma / scale),
        here.jitter,
        float(weight.sum()),
        significance,
    )


def _related(here: _Mixture, x: Real, away: Real, floor: float) -> Real:
    """Probability of each pair to be related, float64[n]."""
    pull = (away - here.offset - here.drift * x) / here.jitter
    density = here.share * np.exp(-(pull**2) / 2) / (sqrt(2 * pi) * here.jitter)
    return np.asarray(density / (density + (1 - here.share) * floor + 1e-300), dtype=np.float64)


def _maximised(weight: Real, x: Real, away: Real) -> _Mixture:
    """Weighted straight line and spread."""
    total = float(weight.sum())
    x_mean, away_mean = float(weight @ x) / total, float(weight @ away) / total
    spread = float(weight @ (x - x_mean) ** 2)
    drift = float(weight @ ((x - x_mean) * (away - away_mean))) / spread if spread > 0 else 0.0
    offset = away_mean - drift * x_mean
    jitter = sqrt(float(weight @ (away - offset - drift * x) ** 2) / total)
    return _Mixture(offset, drift, max(jitter, SMALLEST_JITTER_PS), total / weight.size)


def _errors(here: _Mixture, weight: Real, x: Real, away: Real) -> tuple[float, float, float]:
    """x at which offset and drift do not depend on one another; their standard errors there.

    Residuals of whole picoseconds may vanish; their errors do not.
    """
    score = (weight * (away - here.offset - here.drift * x)) ** 2
    least = SMALLEST_JITTER_PS**2 * weight**2
    score = np.where(score.sum() < least.sum(), least, score) / here.jitter**4
    total = float(score.sum())
    middle = float(score @ x) / total
    return middle, 1 / sqrt(total), 1 / sqrt(max(float(score @ (x - middle) ** 2), 1e-300))
