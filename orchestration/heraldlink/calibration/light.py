# SPDX-License-Identifier: Apache-2.0
"""Clicks against pump, time, wavelength and bias: what a hub's detectors say of light.

Unheralded pairs are thermal: N photons of mean N reach detectors of efficiency eta without any click with
probability 1/(1 + eta N) (PHYSICS section 2, general model for one arm). Clicks of both detectors are
joined to "any click" of an attempt, which is exactly binomial.
"""

from collections.abc import Callable
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink.calibration.likelihood import fit_binomial, fit_poisson, likeliest
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.special import error_function
from heraldlink.errors import RunFailed

Real = NDArray[np.float64]
Integers = NDArray[np.int64]


def efficiency_scale(expected: Real, attempts: Integers, clicked: Integers) -> tuple[Measured, Measured]:
    """(true over declared efficiency, background probability per attempt) from clicks against the pump.

    ``expected``: detected photons per attempt that the model expects at each setting, float64[n]; one setting
    has to be dark. Raises RunFailed if the clicks do not grow with the pump.
    """

    def model(values: Real) -> Real:
        dark = 1 - np.exp(-np.exp(values[1]))
        return np.asarray(1 - (1 - dark) / (1 + np.exp(values[0]) * expected), dtype=np.float64)

    share = clicked / np.maximum(attempts, 1)
    brightest = int(np.argmax(expected))
    floor = max(float(share[np.argmin(expected)]), 0.5 / float(attempts.max()))
    if share[brightest] <= 2 * floor:
        raise RunFailed("efficiency: clicks do not grow with the pump: is light blocked or a detector off?")
    ratio = share[brightest] / (1 - min(0.999, float(share[brightest]))) / expected[brightest]
    prior = np.where(expected > 0, 0.0, 0.5)  # Jeffreys': a dark setting without any click is no certainty
    fit = fit_binomial(clicked + prior, attempts + 2 * prior, model, np.log(np.array([ratio, floor])))
    scale, dark = float(np.exp(fit.values[0])), float(np.exp(fit.values[1]))
    return Measured(scale, scale * fit.sigma(0)), Measured(dark, dark * fit.sigma(1))


def arrival(edges_ps: Real, counts: Integers, width_ps: float) -> tuple[Measured, Measured]:
    """(centre, rms width) in ps of a pulse over a uniform background, from a histogram of arrival times.

    ``edges_ps``: float64[n + 1]; ``counts``: int64[n]; ``width_ps``: expected rms width, as a start. A
    Gaussian integrated over each bin; raises RunFailed if no pulse stands out of the background.
    """
    scale = width_ps
    edges = edges_ps / scale

    def model(values: Real) -> Real:
        inside = np.diff(error_function((edges - values[0]) / (sqrt(2) * np.exp(values[1])))) / 2
        return np.asarray(np.exp(values[2]) * inside + np.exp(values[3]) * np.diff(edges), dtype=np.float64)

    fit = fit_poisson(counts, model, _pulse_start(edges, counts))
    signal, background = float(np.exp(fit.values[2])), float(np.exp(fit.values[3]))
    if signal < 6 * sqrt(signal + 6 * background):
        raise RunFailed(f"arrivals: no pulse stands out of the background ({signal:.0f} clicks)")
    width = float(np.exp(fit.values[1])) * scale
    return Measured(float(fit.values[0]) * scale, fit.sigma(0) * scale, "ps"), Measured(
        width, width * fit.sigma(1), "ps"
    )


def _pulse_start(edges: Real, counts: Integers) -> Real:
    centres = (edges[1:] + edges[:-1]) / 2
    kernel = np.exp(-((centres[:, None] - centres[None, :]) ** 2) / 2)
    peak = float(centres[int(np.argmax(kernel @ counts))])
    near = np.abs(centres - peak) < 4
    outside = float(counts[~near].sum()) / max(1e-9, float(np.diff(edges)[~near].sum()))
    signal = max(1.0, float(counts[near].sum()) - outside * float(np.diff(edges)[near].sum()))
    return np.array([peak, 0.0, np.log(signal), np.log(max(outside, 0.1))])


def resonance(
    shape: Callable[[Real], Real], offsets_Hz: Real, attempts: Integers, clicked: Integers, kappa_Hz: float
) -> Measured:
    """Shift of a resonance, Hz, from clicks against the light's frequency.

    ``shape``: function of float64[n] offsets, relative response of the model at an offset, 1 at 0 shift.
    ``offsets_Hz``: of the light from where the model's resonance lies. ``kappa_Hz``: its width, as a unit.
    Dark counts have to be negligible beside the clicks on resonance.
    """

    def model(values: Real) -> Real:
        response = np.asarray(shape(offsets_Hz - values[0] * kappa_Hz), dtype=np.float64)
        return np.asarray(1 - 1 / (1 + np.exp(values[1]) * response), dtype=np.float64)

    share = clicked / np.maximum(attempts, 1)
    if clicked.max() < 25:
        raise RunFailed("wavelength: no light arrives in the scanned range")
    height = float(np.log(share.max() / (1 - min(0.999, float(share.max())))))
    starts = [np.array([shift, height]) for shift in np.unique(offsets_Hz / kappa_Hz).tolist()]
    best = fit_binomial(clicked, attempts, model, likeliest(clicked, attempts, model, starts))
    shift, sigma = float(best.values[0]) * kappa_Hz, best.sigma(0) * kappa_Hz
    if not offsets_Hz.min() - kappa_Hz <= shift <= offsets_Hz.max() + kappa_Hz or sigma > kappa_Hz:
        raise RunFailed("wavelength: the clicks show no resonance in the scanned range")
    return Measured(shift, sigma, "Hz")
