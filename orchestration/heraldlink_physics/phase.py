# SPDX-License-Identifier: Apache-2.0
"""Phase of the fibres from interleaved bright pulses.

Coherent pulses of both arms meet at the beam splitter; a phase difference phi (B minus A) sends mean photon
numbers (mu_A + mu_B ± 2 sqrt(V mu_A mu_B) cos phi)/2 to ports c and d. In the second quadrature B's phase is
90 degrees ahead, which turns cos phi into -sin phi.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, exp, log, sqrt

from heraldlink_physics.chain import PumpedArm
from heraldlink_physics.device import MidpointDevice
from heraldlink_physics.errors import PhysicsError, within
from heraldlink_physics.transducer import photon_energy_J

QUADRATURE_RAD = 1.5707963267948966
"""By how much B's carver phase is ahead in the second quadrature."""


@dataclass(frozen=True, slots=True)
class QuadratureCounts:
    """Clicks in one quadrature."""

    pulses: int
    c: int
    d: int

    def __post_init__(self) -> None:
        if not (0 <= self.c <= self.pulses and 0 <= self.d <= self.pulses):
            raise PhysicsError(f"{self.c} and {self.d} clicks from {self.pulses} pulses are impossible")


@dataclass(frozen=True, slots=True)
class PhaseEstimate:
    """Phase difference B minus A and its statistical variance."""

    phase_rad: float
    """-pi..pi."""
    variance_rad2: float


def bright_photons(device: MidpointDevice, pumped: PumpedArm, frequency_Hz: float) -> float:
    """Mean photons of one arm's bright pulse at the beam splitter, from its carved energy."""
    return device.bright_transmission * pumped.pulse_energy_J / photon_energy_J(frequency_Hz)


def bright_click_probabilities(
    photons_a: float,
    photons_b: float,
    phase_rad: float,
    visibility: float,
    detector_efficiency: tuple[float, float],
    dark_probability: tuple[float, float] = (0.0, 0.0),
) -> tuple[float, float]:
    """Click probabilities of detectors c, d per pulse; given the phase, the two are independent."""
    within("photons_a", photons_a, 0)
    within("photons_b", photons_b, 0)
    within("visibility", visibility, 0, 1)
    fringe = 2 * sqrt(visibility * photons_a * photons_b) * cos(phase_rad)
    c = (photons_a + photons_b + fringe) / 2 * detector_efficiency[0]
    d = (photons_a + photons_b - fringe) / 2 * detector_efficiency[1]
    return 1 - (1 - dark_probability[0]) * exp(-c), 1 - (1 - dark_probability[1]) * exp(-d)


def estimate_phase(
    in_phase: QuadratureCounts,
    quadrature: QuadratureCounts,
    detector_efficiency: tuple[float, float] = (1.0, 1.0),
) -> PhaseEstimate | None:
    """Phase from both quadratures; None if the clicks hold none (no pulses, no clicks, or no fringe).

    Threshold detectors are linearised by mu = -ln(1 - clicks/pulses). Only the ratio of the two
    `detector_efficiency` matters; dark counts add equally to both ports and cancel.
    """
    if in_phase.pulses == 0 or quadrature.pulses == 0 or min(detector_efficiency) <= 0:
        return None
    x, x_variance = _difference(in_phase, detector_efficiency)
    y, y_variance = _difference(quadrature, detector_efficiency)
    size = x * x + y * y
    if size == 0:
        return None
    return PhaseEstimate(atan2(-y, x), (y * y * x_variance + x * x * y_variance) / size**2)


def _difference(counts: QuadratureCounts, efficiency: tuple[float, float]) -> tuple[float, float]:
    c, c_variance = _photons(counts.c, counts.pulses)
    d, d_variance = _photons(counts.d, counts.pulses)
    eta_c, eta_d = efficiency
    return c / eta_c - d / eta_d, c_variance / eta_c**2 + d_variance / eta_d**2


def _photons(clicks: int, pulses: int) -> tuple[float, float]:
    """Mean photons and their variance; half a silent pulse is assumed where every pulse clicked."""
    share = min(clicks, pulses - 0.5) / pulses
    return -log(1 - share), share / (1 - share) / pulses
