# SPDX-License-Identifier: Apache-2.0
"""Electro-optic transducer: light and a microwave cavity coupled directly by the Pockels effect.

C = 4 g_0² n_c/(kappa_o kappa_e). On resonance a red pump converts with eta = eta_o eta_e 4C/(1 + C)², a blue
one squeezes two modes with (1 - C)² below and is stable for C < 1 (Tsang, Phys. Rev. A 84, 043845 (2011);
Rueda et al., npj Quantum Inf. 5, 108 (2019); Sahu et al., Science 380, 718 (2023)). Rates are ordinary
frequencies (omega / 2 pi); vacuum has a quadrature variance of 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log10, sqrt

from heraldlink_physics.errors import PhysicsError, within
from heraldlink_physics.microwave_side import MicrowaveSide


@dataclass(frozen=True, slots=True)
class ElectroOpticPort(MicrowaveSide):
    """Microwave side of the transducer."""

    microwave_external_Hz: float
    """kappa_e,ext/2pi into the line that is used."""
    microwave_internal_Hz: float

    def __post_init__(self) -> None:
        within("electro_optic.microwave_external_Hz", self.microwave_external_Hz, 1e-3)
        within("electro_optic.microwave_internal_Hz", self.microwave_internal_Hz, 0)


def cooperativity(
    port: ElectroOpticPort, coupling_Hz: float, kappa_Hz: float, intracavity_photons: float
) -> float:
    """C of a pump with ``intracavity_photons`` in an optical resonator of total linewidth ``kappa_Hz``."""
    within("coupling_Hz", coupling_Hz, 0)
    within("kappa_Hz", kappa_Hz, 1e-3)
    within("intracavity_photons", intracavity_photons, 0)
    return 4 * coupling_Hz**2 * intracavity_photons / (kappa_Hz * port.microwave_kappa_Hz)


def conversion(optical_extraction: float, microwave_extraction: float, c: float) -> float:
    """Efficiency of the red pump on resonance, either way, 0..1; complete at C = 1 without internal loss."""
    _check(optical_extraction, microwave_extraction, c)
    return optical_extraction * microwave_extraction * 4 * c / (1 + c) ** 2


def added_noise(microwave_extraction: float, thermal: float) -> float:
    """Noise photons of microwave-to-optical conversion, at its microwave input: n_bath (1 - eta_e)/eta_e.

    ``thermal``: occupation of the bath behind the microwave cavity's internal loss.
    """
    within("microwave_extraction", microwave_extraction, 1e-12, 1)
    within("thermal", thermal, 0)
    return thermal * (1 - microwave_extraction) / microwave_extraction


def blue_photons(extraction: float, c: float, thermal: float = 0.0) -> float:
    """Optical photons per second and hertz that a blue pump makes on resonance.

    ``thermal``: mean occupation of the microwave cavity's baths, each weighted with its share of kappa_e.
    """
    _check(extraction, 1.0, c)
    within("thermal", thermal, 0)
    _stable(c)
    return extraction * 4 * c / (1 - c) ** 2 * (1 + thermal)


def squeezed_variance(
    optical_extraction: float, microwave_extraction: float, c: float, thermal: float = 0.0
) -> float:
    """Smallest variance of (X_o cos t + X_e sin t) over t at the two outputs on resonance, vacuum being 1.

    The smaller eigenvalue of the outputs' covariance [[v_o, k], [k, v_e]]. Cold baths give
    v = 1 + 8 eta C/(1 - C)² and k = 4 sqrt(eta_o eta_e C) (1 + C)/(1 - C)², without internal loss
    ((1 - sqrt C)/(1 + sqrt C))². ``thermal``: occupation of the bath behind the microwave cavity's internal
    loss, which adds 8 n (1 - eta_e)/(1 - C)² times eta_o C, eta_e and sqrt(eta_o eta_e C).
    """
    _check(optical_extraction, microwave_extraction, c)
    within("thermal", thermal, 0)
    _stable(c)
    eta_o, eta_e, below = optical_extraction, microwave_extraction, (1 - c) ** 2
    hot = thermal * (1 - eta_e)
    v_o = 1 + 8 * eta_o * c * (1 + hot) / below
    v_e = 1 + 8 * eta_e * (c + hot) / below
    k = 4 * sqrt(eta_o * eta_e * c) * (1 + c + 2 * hot) / below
    return (v_o + v_e) / 2 - sqrt(((v_o - v_e) / 2) ** 2 + k**2)


def squeezing_dB(variance: float) -> float:
    """A variance below that of vacuum in decibels, positive when squeezed."""
    within("variance", variance, 1e-12)
    return -10 * log10(variance)


def _check(optical_extraction: float, microwave_extraction: float, c: float) -> None:
    within("optical_extraction", optical_extraction, 0, 1)
    within("microwave_extraction", microwave_extraction, 0, 1)
    within("c", c, 0)


def _stable(c: float) -> None:
    if c >= 1:
        raise PhysicsError(
            f"c = {c:g} is impossible with a blue pump: its gain exceeds the loss and both modes oscillate "
            "by themselves; allowed are 0 <= c < 1"
        )
