# SPDX-License-Identifier: Apache-2.0
"""A superconducting detector against its bias: plateau, dark counts, and the bias to choose."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink.calibration.likelihood import fit_binomial, fit_poisson
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.special import error_function
from heraldlink.errors import RunFailed

Real = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Plateau:
    """Efficiency goes with 1 + erf((I - knee)/width), as in heraldlink_physics.snspd."""

    knee_A: Measured
    width_A: Measured
    photons: Measured
    """Detected per attempt on the plateau, with the light of the scan."""

    def efficiency(self, bias_A: float) -> float:
        """Relative to the plateau, 0..1."""
        reach = np.array([(bias_A - self.knee_A.value) / self.width_A.value])
        return float(error_function(reach)[0] + 1) / 2

    def bias_for(self, efficiency: float) -> float:
        """Lowest bias with this share of the plateau (0..1, exclusive), A; by bisection."""
        low, high = self.knee_A.value - 5 * self.width_A.value, self.knee_A.value + 5 * self.width_A.value
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if self.efficiency(middle) < efficiency else (low, middle)
        return high


def plateau(bias_A: Real, attempts: Integers, clicked: Integers) -> Plateau:
    """Fit a bias scan under constant thermal light, of which x detected photons click with x/(1 + x).

    All biases have to stay below latching. Raises RunFailed without clicks.
    """
    unit = float(bias_A.max())
    x = bias_A / unit
    share = clicked / np.maximum(attempts, 1)
    if share.max() * attempts.max() < 25:
        raise RunFailed("detector: it does not click in light: is the light blocked, or the wire latched?")

    def model(values: Real) -> Real:
        reach = (x - values[1]) / np.exp(values[2])
        photons = np.exp(values[0]) / 2 * (1 + error_function(reach))
        return np.asarray(photons / (1 + photons), dtype=np.float64)

    top = float(share.max())
    knee = float(np.interp(top / 2, np.maximum.accumulate(share), x))
    fit = fit_binomial(clicked, attempts, model, np.array([np.log(top / (1 - top)), knee, np.log(0.1)]))
    level, width = float(np.exp(fit.values[0])), float(np.exp(fit.values[2])) * unit
    return Plateau(
        knee_A=Measured(float(fit.values[1]) * unit, fit.sigma(1) * unit, "A"),
        width_A=Measured(width, width * fit.sigma(2), "A"),
        photons=Measured(level, level * fit.sigma(0)),
    )


def dark_rate(counts: int, seconds: float) -> Measured:
    """Dark counts per second: the posterior Gamma(k + 1/2) of a Poisson rate (Jeffreys' prior)."""
    if counts < 0 or not seconds > 0:
        raise ValueError(f"{counts} counts in {seconds} s are impossible")
    return Measured((counts + 0.5) / seconds, (counts + 0.5) ** 0.5 / seconds, "1/s")


def dark_growth(bias_A: Real, seconds: Real, counts: Integers) -> tuple[Measured, Measured]:
    """(dark rate at the highest bias, 1/s; scale of its exponential, A) from counts without light."""
    unit = float(np.ptp(bias_A))
    below = (bias_A - bias_A.max()) / unit

    def model(values: Real) -> Real:
        return np.asarray(seconds * np.exp(values[0] + values[1] * below), dtype=np.float64)

    top = max(0.5, float(counts[int(np.argmax(bias_A))])) / float(seconds[int(np.argmax(bias_A))])
    fit = fit_poisson(counts, model, np.array([np.log(top), 1.0]))
    rate, slope = float(np.exp(fit.values[0])), float(fit.values[1])
    if slope <= 0:
        raise RunFailed("detector: dark counts do not grow with the bias")
    scale = unit / slope
    return Measured(rate, rate * fit.sigma(0), "1/s"), Measured(scale, scale * fit.sigma(1) / slope, "A")
