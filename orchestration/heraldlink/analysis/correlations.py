# SPDX-License-Identifier: Apache-2.0
"""Second-order correlations of clicks and of a click with a qubit, with their standard errors.

PHYSICS section 5. Errors follow from the multinomial counts by the delta method (Casella and Berger,
Statistical Inference, 2nd ed., section 5.5.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink.analysis.attempts import Clicks, Patterns
from heraldlink.calibration.measured import Measured
from heraldlink.errors import RunFailed
from heraldlink.tags.attempt_lags import common_attempts

SIDE_PEAKS = range(100, 116)
"""Lags, in pulses, of the side peaks that normalise: detectors and sources have forgotten by then."""


@dataclass(frozen=True, slots=True)
class ClickAndExcitation:
    """Of ``attempts``: those with a click, those in which e was read, those with both."""

    attempts: int
    clicked: int
    excited: int
    together: int


def autocorrelation(clicks: Clicks) -> Measured:
    """g2(0) = N_cd N / (N_c N_d) of two detectors behind a beam splitter (Hanbury Brown and Twiss).

    2 for an unheralded thermal source at few photons, 1 for a coherent one. Raises RunFailed without any
    coincidence or click.
    """
    return _correlated("g2", clicks.attempts, clicks.c, clicks.d, clicks.both)


def heralded_autocorrelation(found: Patterns, heralds: NDArray[np.bool_]) -> Measured:
    """g2(0) = N_123 N_1 / (N_12 N_13): 1 the herald, 2 and 3 the detectors c and d.

    ``heralds``: bool[n], by attempt: for a transducer, that its qubit was read as e. 0 for single photons.
    """
    counts = np.bincount(found[heralds], minlength=4)
    c, d, both = int(counts[1] + counts[3]), int(counts[2] + counts[3]), int(counts[3])
    return _correlated("heralded g2", int(heralds.sum()), c, d, both)


def pulsed_autocorrelation(found: Patterns, lags: range = SIDE_PEAKS) -> Measured:
    """g2(0) of a pulsed source: coincidences over the mean of the side peaks at ``lags`` to either side.

    A peak at lag k is counted in n - k attempts of n and scaled up. Raises RunFailed without coincidence.
    """
    if not 0 < lags.start < lags.stop < found.size:
        raise RunFailed(f"g2: {found.size} attempts do not hold side peaks {lags.start}..{lags.stop - 1}")
    c, d = np.flatnonzero(found & 1), np.flatnonzero(found & 2)
    pairs = common_attempts(c, d)
    sides = [
        common_attempts(first, second, lag) * found.size / (found.size - lag)
        for first, second in ((c, d), (d, c))
        for lag in lags
    ]
    side = sum(sides) / len(sides)
    if min(pairs, side) <= 0:
        raise RunFailed("g2: there are no coincidences, or none in the side peaks")
    value = pairs / side
    variance = _relative_variance(found.size, c.size, d.size, pairs) + 1 / sum(sides)
    return Measured(value, value * sqrt(variance))


def cross_correlation(counts: ClickAndExcitation, error_g: Measured) -> Measured:
    """g2 of click and excited qubit, P(e | click) / P(e), corrected for readout errors.

    ``error_g``: P(read e | g). What e is read for g too seldom scales both and cancels. Independent of
    optical loss. Raises RunFailed if e is not read more often than g alone explains.
    """
    if not (counts.clicked and counts.excited):
        raise RunFailed("cross-correlation: no attempt has a click, or none an excited qubit")
    given, alone = counts.together / counts.clicked, counts.excited / counts.attempts
    excess, dark = alone - error_g.value, given - error_g.value
    if excess <= 0:
        raise RunFailed(f"cross-correlation: P(e) is {alone:.3g}, no more than the readout error {error_g}")
    of_given, of_alone = given * (1 - given) / counts.clicked, alone * (1 - alone) / counts.attempts
    covariance = given * (1 - given) / counts.attempts
    variance = of_given / excess**2 + of_alone * dark**2 / excess**4 - 2 * covariance * dark / excess**3
    variance += (error_g.sigma * (dark - excess) / excess**2) ** 2
    return Measured(dark / excess, sqrt(max(0.0, variance)))


def _correlated(name: str, attempts: int, first: int, second: int, both: int) -> Measured:
    if min(first, second, both) < 1:
        raise RunFailed(f"{name}: {first} and {second} clicks, {both} coincidences give no correlation")
    value = both * attempts / (first * second)
    return Measured(value, value * sqrt(_relative_variance(attempts, first, second, both)))


def _relative_variance(attempts: int, first: int, second: int, both: int) -> float:
    """Var(ln g2), from the variance of 1_12/p_12 - 1_1/p_1 - 1_2/p_2 of one attempt."""
    value = both * attempts / (first * second)
    return max(0.0, 1 / both - 1 / first - 1 / second + (2 * value - 1) / attempts)
