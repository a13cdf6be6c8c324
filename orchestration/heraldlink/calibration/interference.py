# SPDX-License-Identifier: Apache-2.0
"""Visibility of two arms: from the HOM dip of thermal pairs, and from the fringe of bright pulses."""

from math import hypot, sqrt

from heraldlink.calibration.measured import Measured
from heraldlink.errors import RunFailed


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
