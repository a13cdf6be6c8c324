# SPDX-License-Identifier: Apache-2.0
"""Visibility of two arms: from the HOM dip of thermal pairs, and from the fringe of bright pulses."""

from math import hypot, sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink.calibration.likelihood import fit_poisson
from heraldlink.calibration.measured import Measured
from heraldlink.errors import RunFailed

Real = NDArray[np.float64]
Integers = NDArray[np.int64]
MOST_DARK = 0.1
"""Share of dark attempts with a click, relative to lit ones, up to which a dip is told."""


def thermal_clicks(
    a: float, b: float, visibility: float, balance: float = 0.0, silent: tuple[float, float] = (1.0, 1.0)
) -> Real:
    """Probabilities of no click, c alone, d alone and both, float64[4], from two thermal pulses.

    ``a``, ``b``: mean detected photons of each arm, at both ports together. ``visibility``: overlap |<A|B>|²
    of their modes. ``balance``: ln(efficiency of c / efficiency of d). ``silent``: probabilities that c and d
    do not click in the dark. A Gaussian state gives no click with probability 1/det(1 + G), G its detected
    photons in the basis of both modes (PHYSICS section 2, general model); exact for any brightness.
    """
    eta_c, eta_d = 2 / (1 + np.exp(-balance)), 2 / (1 + np.exp(balance))

    def dark(c: float, d: float) -> float:
        mean, half = (c + d) / 2, (c - d) / 2
        return float(1 / ((1 + mean * a) * (1 + mean * b) - half * half * a * b * visibility))

    none = silent[0] * silent[1] * dark(eta_c, eta_d)
    quiet_c, quiet_d = silent[0] * dark(eta_c, 0.0), silent[1] * dark(0.0, eta_d)
    return np.array([none, quiet_d - none, quiet_c - none, 1 - quiet_c - quiet_d + none])


def dip_visibility(
    near: Integers, far: Integers, alone: tuple[Integers, Integers], dark: Integers
) -> Measured:
    """V of two thermal pulses from attempts with no click, c alone, d alone, both: int64[4] each.

    ``near``: pulses meet; ``far``: they do not; ``alone``: of each arm; ``dark``: without light. One
    likelihood of all, after `thermal_clicks`. Raises RunFailed if an arm is dark, or darkness is not.
    """
    arms = [float(found[1:].sum() / found.sum()) for found in alone]
    if min(arms) <= 0 or dark[1:].sum() / dark.sum() > MOST_DARK * min(arms):
        raise RunFailed(f"HOM: the arms alone click in {arms[0]:.2g} and {arms[1]:.2g} of the attempts")
    silent = tuple(1 - (int(dark[port] + dark[3]) + 0.5) / (int(dark.sum()) + 1) for port in (1, 2))
    counts = np.concatenate([near, far, *alone])
    attempts = [float(found.sum()) for found in (near, far, *alone)]

    def model(values: Real) -> Real:
        a, b = np.exp(values[:2]).tolist()
        settings = ((a, b, float(values[2])), (a, b, 0.0), (a, 0.0, 0.0), (0.0, b, 0.0))
        balance, darks = float(values[3]), (silent[0], silent[1])
        cells = [thermal_clicks(one, two, v, balance, darks) for one, two, v in settings]
        return np.concatenate([n * cell for n, cell in zip(attempts, cells, strict=True)])

    start = np.array([*(np.log(share / (1 - share)) for share in arms), 0.5, 0.0])
    fit = fit_poisson(counts, model, start)
    return Measured(float(fit.values[2]), fit.sigma(2))


def hom_visibility(parallel: Measured, crossed: Measured, ratio: float = 1.0) -> Measured:
    """V from the coincidences per attempt of overlapping and of separated pulses of thermal light.

    For mean photon numbers a and b = ratio·a at the beam splitter, coincidences go with
    a² + b² + ab(1 - V), so that V = (1 - C_par/C_perp)(1/ratio + ratio + 1): 3 (1 - C_par/C_perp) for equal
    arms, PHYSICS section 5. For n̄ << 1 and without background (`heraldlink.analysis.dip` takes it out).
    """
    if min(parallel.value, crossed.value) <= 0 or not ratio > 0:
        raise RunFailed(f"HOM: {parallel} and {crossed} coincidences per attempt give no visibility")
    quotient = parallel.value / crossed.value
    factor = 1 / ratio + ratio + 1
    sigma = quotient * hypot(parallel.sigma / parallel.value, crossed.sigma / crossed.value)
    return Measured(factor * (1 - quotient), factor * sigma)


def fringe_visibility(
    photons_c: tuple[Measured, Measured],
    photons_d: tuple[Measured, Measured],
    alone: tuple[Measured, Measured],
) -> Measured:
    """Mode match V = |<A|B>|² from bright pulses in both quadratures and from each arm alone.

    ``photons_c``, ``photons_d``: mean photons at each port in (in phase, quadrature), corrected for the
    detectors' efficiencies; ``alone``: of arm A and of arm B, sum over both ports. From
    c - d = 2 sqrt(V A B) cos phi and -2 sqrt(V A B) sin phi (heraldlink_physics.phase).
    """
    x, y = (c.value - d.value for c, d in zip(photons_c, photons_d, strict=True))
    product = alone[0].value * alone[1].value
    size = x * x + y * y
    if product <= 0 or size <= 0:
        raise RunFailed("bright pulses: an arm is dark or there is no fringe")
    swing = [hypot(c.sigma, d.sigma) for c, d in zip(photons_c, photons_d, strict=True)]
    relative = (2 * hypot(x * swing[0], y * swing[1]) / size) ** 2
    relative += sum((item.sigma / item.value) ** 2 for item in alone)
    value = size / (4 * product)
    return Measured(value, value * sqrt(relative))
