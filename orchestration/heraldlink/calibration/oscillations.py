# SPDX-License-Identifier: Apache-2.0
"""A driven and a free qubit: Rabi, Ramsey and T1 from counts of excited readouts.

Readout errors need no correction here: they change offset and contrast, which are fitted, and nothing else.
"""

from collections.abc import Callable
from math import pi

import numpy as np
from numpy.typing import NDArray

from heraldlink.calibration.likelihood import Fit, fit_binomial
from heraldlink.calibration.measured import Measured
from heraldlink.errors import RunFailed

Real = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_CONTRAST_SIGMA = 5.0
"""By how many standard deviations a fitted contrast must differ from zero."""


def rabi(angles_rad: Real, shots: Integers, excited: Integers) -> Measured:
    """Angle turned per angle asked for, from P(e) = a + b sin²(s angle/2), 0.3 < s < 2.

    Arrays are float64[n], int64[n], int64[n]; the angles should reach several turns: the error of s falls
    with the largest of them. Raises RunFailed if nothing oscillates.
    """
    share = excited / np.maximum(shots, 1)

    def model(values: Real) -> Real:
        return np.asarray(values[0] + values[1] * np.sin(values[2] * angles_rad / 2) ** 2, dtype=np.float64)

    def columns(scale: float) -> Real:
        return np.stack([np.ones_like(angles_rad), np.sin(scale * angles_rad / 2) ** 2], axis=1)

    steps = round(2 * float(angles_rad.max())) * 20
    start = best_start(np.linspace(0.3, 2.0, max(100, steps)), columns, share, shots)
    fit = contrasted(fit_binomial(excited, shots, model, start), "Rabi", 1)
    return Measured(float(fit.values[2]), fit.sigma(2))


def ramsey(
    delays_s: Real, shots: Integers, excited: Integers, highest_Hz: float
) -> tuple[Measured, Measured]:
    """(frequency of the fringes in Hz, decay rate in 1/s) from P(e) = a + (b cos wt + c sin wt) exp(-kt).

    ``delays_s``: float64[n], between the centres of the two pulses. Only the size of a frequency below
    ``highest_Hz`` is found: its sign comes with the artificial detuning. The decay is 1/T2* of a T2 limited
    qubit. Raises RunFailed if nothing oscillates.
    """
    span_s = float(np.ptp(delays_s))
    time = delays_s / span_s
    share = excited / np.maximum(shots, 1)

    def model(values: Real) -> Real:
        phase = 2 * pi * values[3] * time
        swing = values[1] * np.cos(phase) + values[2] * np.sin(phase)
        return np.asarray(values[0] + swing * np.exp(-values[4] * time), dtype=np.float64)

    def columns(turns: float) -> Real:
        phase = 2 * pi * turns * time
        return np.stack([np.ones_like(time), np.cos(phase), np.sin(phase)], axis=1)

    most = highest_Hz * span_s
    if most < 1:
        raise ValueError(f"delays over {span_s:g} s show no whole fringe below {highest_Hz:g} Hz")
    offset, cosine, sine, turns = best_start(np.linspace(0.3, most, round(most * 20)), columns, share, shots)
    start = np.array([offset, cosine, sine, turns, 0.0])
    fit = fit_binomial(excited, shots, model, start)
    size = float(np.hypot(fit.values[1], fit.values[2]))
    spread = float(np.sqrt((fit.covariance[1, 1] + fit.covariance[2, 2]) / 2))
    if size < LEAST_CONTRAST_SIGMA * spread:
        raise RunFailed(f"Ramsey: no fringes (contrast {size:.3g} ± {spread:.2g})")
    frequency = Measured(abs(float(fit.values[3])) / span_s, fit.sigma(3) / span_s, "Hz")
    return frequency, Measured(float(fit.values[4]) / span_s, fit.sigma(4) / span_s, "1/s")


def relaxation(
    delays_s: Real, shots: Integers, excited: Integers, ground_shots: int, ground_excited: int
) -> Measured:
    """Relaxation rate 1/T1, 1/s, from P(e) = a + b exp(-t/T1); a is anchored by readouts without a pulse.

    A rate that does not differ from zero gives only an upper limit: value and sigma say which.
    """
    span_s = float(np.ptp(delays_s))
    time = np.append(delays_s / span_s, np.inf)
    all_shots, all_excited = np.append(shots, ground_shots), np.append(excited, ground_excited)

    def model(values: Real) -> Real:
        left = np.append(np.exp(-values[2] * time[:-1]), 0.0)
        return np.asarray(values[0] + values[1] * left, dtype=np.float64)

    floor = ground_excited / max(1, ground_shots)
    start = np.array([floor, max(0.1, float(excited[0]) / max(1, int(shots[0])) - floor), 0.1])
    fit = contrasted(fit_binomial(all_excited, all_shots, model, start), "T1", 1)
    return Measured(float(fit.values[2]) / span_s, fit.sigma(2) / span_s, "1/s")


def best_start(grid: Real, columns: Callable[[float], Real], share: Real, shots: Integers) -> Real:
    """Linear coefficients and the grid's value with the smallest squared error, as a start: float64[p]."""

    weight = np.sqrt(shots.astype(np.float64))
    found: list[tuple[float, Real]] = []
    for value in grid.tolist():
        matrix = np.asarray(columns(value), dtype=np.float64)
        solution = np.linalg.lstsq(matrix * weight[:, None], share * weight, rcond=None)[0]
        solved = np.asarray(solution, dtype=np.float64)
        error = float(np.sum((weight * (matrix @ solved - share)) ** 2))
        found.append((error, np.append(solved, value)))
    return min(found, key=lambda item: item[0])[1]


def contrasted(fit: Fit, name: str, place: int) -> Fit:
    """The fit, if the contrast in ``place`` differs from zero; else RunFailed."""
    contrast, sigma = float(fit.values[place]), fit.sigma(place)
    if abs(contrast) < LEAST_CONTRAST_SIGMA * sigma:
        raise RunFailed(f"{name}: no contrast ({contrast:.3g} ± {sigma:.2g})")
    return fit
