# SPDX-License-Identifier: Apache-2.0
"""Two-photon interference (Hong, Ou and Mandel, Phys. Rev. Lett. 59, 2044 (1987)): peaks and scanned dips."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np
from numpy.typing import NDArray

from heraldlink.calibration.measured import Measured
from heraldlink.errors import DataError, RequestError

Real = NDArray[np.float64]

STEPS = 200
CONVERGED = 1e-9
WIDTHS = 12


def visibility(together: Measured, apart: Measured) -> Measured:
    """1 - together / apart of coincidences with photons that can and cannot interfere.

    Both normalised alike: zero peak over side peaks (`PulsedPeaks.g2`), or per time at equal rates. ``apart``
    is measured (polarisations crossed, or far from the dip) or computed (`distinguishable_peak`). Raises
    DataError if it is not above 0.
    """
    if apart.value <= 0:
        raise DataError(f"no visibility: {apart} coincidences without interference")
    ratio = together.value / apart.value
    return Measured(1 - ratio, hypot(together.sigma, ratio * apart.sigma) / apart.value)


def distinguishable_peak(
    first: float, second: float, g2_first: float = 0.0, g2_second: float = 0.0, reflected: float = 0.5
) -> float:
    """Zero peak over side peaks of two pulsed sources whose photons cannot interfere.

    ``first``, ``second``: clicks per pulse from either source alone (any common unit); ``g2_first``,
    ``g2_second``: their autocorrelations; ``reflected``: of the beam splitter's light. 1/2 for equal single
    photons, 1 for coherent light. From <n_c n_d> of a beam splitter with inputs that share no phase.
    """
    if min(first, second, g2_first, g2_second) < 0 or not (first + second > 0 and 0 < reflected < 1):
        raise RequestError(f"clicks per pulse {first}, {second} and reflection {reflected} give no peaks")
    passed = 1 - reflected
    both = first * second * (reflected**2 + passed**2)
    both += reflected * passed * (g2_first * first**2 + g2_second * second**2)
    return both / ((passed * first + reflected * second) * (reflected * first + passed * second))


@dataclass(frozen=True, slots=True)
class HomDip:
    """Fit of far (1 - visibility exp(-(x - centre)^2 / 2 width^2)) to coincidences at delays x.

    ``centre`` and ``width`` (one standard deviation) in the unit of the delays, ``far`` in coincidences per
    exposure. ``chi2`` over ``freedom`` degrees tells whether the form fits.
    """

    visibility: Measured
    centre: Measured
    width: Measured
    far: Measured
    chi2: float
    freedom: int


def fit_dip(delay: Real, coincidences: NDArray[np.int64], exposure: Real | None = None) -> HomDip:
    """Fit a scanned dip (or peak) with Poisson errors; float64[n] delays in any unit, int64[n] counts.

    ``exposure``: float64[n], what coincidences far away are proportional to (time, product of singles); 1
    without it. Maximum likelihood by Fisher scoring, errors from the Fisher information. Raises
    RequestError for fewer than 5 points, DataError if there is no dip inside the scan.
    """
    weight = np.ones(delay.size) if exposure is None else exposure
    if not delay.size == coincidences.size == weight.size >= 5 or np.any(weight <= 0):
        raise RequestError("a dip needs 5 delays or more, with coincidences and exposure above 0 for each")
    scale = float(np.ptp(delay))
    if scale <= 0 or not coincidences.any():
        raise DataError("no dip: all delays are the same, or there are no coincidences")
    x = (delay - float(delay.min())) / scale
    found, information = _maximise(
        x, coincidences.astype(np.float64), weight, _start(x, coincidences, weight)
    )
    if not (0 <= found[2] <= 1 and np.linalg.cond(information) < 1e14):
        raise DataError("no dip inside the scan: the fit has left it; scan further or count longer")
    sigma = np.sqrt(np.diag(np.linalg.inv(information)))
    far, depth, centre, width = (Measured(float(v), float(s)) for v, s in zip(found, sigma, strict=True))
    expected = weight * _model(found, x)[0]
    chi2 = float(np.sum((coincidences - expected) ** 2 / expected))
    return HomDip(
        depth,
        Measured(centre.value * scale + float(delay.min()), centre.sigma * scale),
        Measured(width.value * scale, width.sigma * scale),
        far,
        chi2,
        delay.size - 4,
    )


def _model(parameters: Real, x: Real) -> tuple[Real, Real]:
    """Coincidences per exposure at x, float64[n], and their slopes, float64[n, 4]."""
    far, depth, centre, width = parameters
    away = (x - centre) / width
    dip = np.exp(-(away**2) / 2)
    slope = -far * depth * dip
    return far * (1 - depth * dip), np.stack(
        (1 - depth * dip, -far * dip, slope * away / width, slope * away**2 / width), axis=1
    )


def _start(x: Real, counts: NDArray[np.int64], weight: Real) -> Real:
    """Best of a grid of centres and widths, with far and depth by least squares (closed form for a line)."""
    rate = counts / weight
    grid = np.stack(np.meshgrid(x, np.geomspace(0.5 / x.size, 0.5, WIDTHS)), axis=-1).reshape(-1, 2)
    dip = np.exp(-(((x - grid[:, :1]) / grid[:, 1:]) ** 2) / 2)
    away, level = dip - dip.mean(axis=1, keepdims=True), rate - rate.mean()
    slope = (away @ level) / np.maximum((away**2).sum(axis=1), 1e-30)
    far = rate.mean() - slope * dip.mean(axis=1)
    misfit = ((level - slope[:, None] * away) ** 2).sum(axis=1)
    best = int(np.argmin(np.where(far > 0, misfit, np.inf)))
    depth = np.clip(-slope[best] / far[best], -0.95, 0.95) if far[best] > 0 else 0.5
    return np.array([far[best] if far[best] > 0 else rate.mean(), depth, *grid[best]])


def _maximise(x: Real, counts: Real, weight: Real, start: Real) -> tuple[Real, Real]:
    """Fisher scoring with steps that shrink until the likelihood grows; parameters and information."""
    here, likelihood = start, _likelihood(start, x, counts, weight)
    for _ in range(STEPS):
        score, information = _score(here, x, counts, weight)
        step = np.linalg.lstsq(information, score, rcond=None)[0]
        for shrink in 0.5 ** np.arange(30):
            trial = here + shrink * step
            there = _likelihood(trial, x, counts, weight)
            if there >= likelihood:
                break
        else:
            break
        done = there - likelihood < CONVERGED
        here, likelihood = trial, there
        if done:
            break
    return here, _score(here, x, counts, weight)[1]


def _likelihood(parameters: Real, x: Real, counts: Real, weight: Real) -> float:
    mean = weight * _model(parameters, x)[0]
    if parameters[3] <= 0 or np.any(mean <= 0):
        return -np.inf
    return float(np.sum(counts * np.log(mean) - mean))


def _score(parameters: Real, x: Real, counts: Real, weight: Real) -> tuple[Real, Real]:
    rate, slopes = _model(parameters, x)
    mean, slopes = weight * rate, weight[:, None] * slopes
    return slopes.T @ (counts / mean - 1), slopes.T @ (slopes / mean[:, None])
