# SPDX-License-Identifier: Apache-2.0
"""Paths of light: a fibre's loss and delay from its length, a free-space path's from its beam.

Fibre: T = 10**(-alpha L / 10), delay n_g L / c (Agrawal, Fiber-Optic Communication Systems, sections 2.2 and
2.3). Free space: a Gaussian beam of radius w at an aperture of radius a, T = 1 - exp(-2 a²/w²) (Saleh and
Teich, Fundamentals of Photonics, section 3.1). A pointing error that is normal in both axes, rms s at the
receiver, widens the mean spot to w² + 4 s²: the mean intensity is the beam's convolved with the error's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, hypot, pi

from heraldlink_physics.errors import within

LIGHT_m_per_s = 299_792_458.0


@dataclass(frozen=True, slots=True)
class Fibre:
    """A length of single-mode fibre."""

    length_m: float = 0.0
    attenuation_dB_per_km: float = 0.2
    """0.2 at 1550 nm."""
    group_index: float = 1.468
    """Of standard single-mode fibre at 1550 nm."""
    connectors_dB: float = 0.0
    """Loss of connectors and splices together."""

    def __post_init__(self) -> None:
        within("fibre.length_m", self.length_m, 0)
        within("fibre.attenuation_dB_per_km", self.attenuation_dB_per_km, 0)
        within("fibre.group_index", self.group_index, 1, 5)
        within("fibre.connectors_dB", self.connectors_dB, 0)

    @property
    def transmission(self) -> float:
        """Share of the power that arrives, 0..1."""
        return 10 ** (-(self.attenuation_dB_per_km * self.length_m / 1000 + self.connectors_dB) / 10)

    @property
    def delay_ps(self) -> int:
        """Group delay in whole ps."""
        return round(self.group_index * self.length_m / LIGHT_m_per_s * 1e12)


NO_FIBRE = Fibre()
"""Of length zero."""


@dataclass(frozen=True, slots=True)
class FreeSpace:
    """A collimated Gaussian beam between two telescopes."""

    distance_m: float
    wavelength_m: float
    waist_m: float
    """1/e² radius of the intensity at the sender."""
    aperture_m: float
    """Radius of the receiver."""
    pointing_sigma_rad: float = 0.0
    """rms error of the direction in each of the two axes."""
    attenuation_dB_per_km: float = 0.0
    """Of the air."""

    def __post_init__(self) -> None:
        within("free_space.distance_m", self.distance_m, 0)
        within("free_space.wavelength_m", self.wavelength_m, 1e-7, 1e-4)
        within("free_space.waist_m", self.waist_m, 1e-6)
        within("free_space.aperture_m", self.aperture_m, 0)
        within("free_space.pointing_sigma_rad", self.pointing_sigma_rad, 0, pi / 4)
        within("free_space.attenuation_dB_per_km", self.attenuation_dB_per_km, 0)

    @property
    def radius_m(self) -> float:
        """1/e² radius of the beam at the receiver, w sqrt(1 + (z lambda / pi w²)²)."""
        return hypot(self.waist_m, self.distance_m * self.wavelength_m / (pi * self.waist_m))

    @property
    def transmission(self) -> float:
        """Mean share of the power that enters the receiver, 0..1."""
        wander_m = self.pointing_sigma_rad * self.distance_m
        spot_m2 = self.radius_m**2 + 4 * wander_m**2
        air = 10 ** (-self.attenuation_dB_per_km * self.distance_m / 1e4)
        return -expm1(-2 * self.aperture_m**2 / spot_m2) * air

    @property
    def delay_ps(self) -> int:
        """Travel time in whole ps."""
        return round(self.distance_m / LIGHT_m_per_s * 1e12)
