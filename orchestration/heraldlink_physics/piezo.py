# SPDX-License-Identifier: Apache-2.0
"""Piezo-optomechanical transducer: light and a microwave cavity, both coupled to one mechanical mode.

C_om = 4 g_om² n_c/(kappa_o gamma_m), C_em = 4 g_pe²/(kappa_e gamma_m). On resonance a red pump converts with
eta = eta_o eta_e 4 C_om C_em/(1 + C_om + C_em)², a blue one amplifies with (1 - C_om + C_em)² below and is
stable for C_om < 1 + C_em (Han et al., Optica 8, 1050 (2021), section 2; Mirhosseini et al., Nature 588, 599
(2020)). Both follow from the modes' Langevin equations, sidebands resolved. Rates are ordinary frequencies
(omega / 2 pi); thermal and added photons are means per mode.
"""

from __future__ import annotations

from dataclasses import dataclass

from heraldlink_physics.errors import PhysicsError, within
from heraldlink_physics.microwave_side import MicrowaveSide


@dataclass(frozen=True, slots=True)
class PiezoPort(MicrowaveSide):
    """Microwave side of the transducer."""

    piezo_coupling_Hz: float
    """Coupling g_pe/2pi between the mechanics and the microwave cavity."""
    mechanical_loss_Hz: float
    """gamma_m/2pi of the mechanical mode alone."""
    microwave_external_Hz: float
    """kappa_e,ext/2pi into the line that is used."""
    microwave_internal_Hz: float

    def __post_init__(self) -> None:
        within("piezo.piezo_coupling_Hz", self.piezo_coupling_Hz, 0)
        within("piezo.mechanical_loss_Hz", self.mechanical_loss_Hz, 1e-3)
        within("piezo.microwave_external_Hz", self.microwave_external_Hz, 1e-3)
        within("piezo.microwave_internal_Hz", self.microwave_internal_Hz, 0)

    @property
    def cooperativity(self) -> float:
        """C_em."""
        return 4 * self.piezo_coupling_Hz**2 / (self.microwave_kappa_Hz * self.mechanical_loss_Hz)


def optomechanical_cooperativity(
    port: PiezoPort, coupling_Hz: float, kappa_Hz: float, intracavity_photons: float
) -> float:
    """C_om of a pump with ``intracavity_photons`` in an optical cavity of total linewidth ``kappa_Hz``."""
    within("coupling_Hz", coupling_Hz, 0)
    within("kappa_Hz", kappa_Hz, 1e-3)
    within("intracavity_photons", intracavity_photons, 0)
    return 4 * coupling_Hz**2 * intracavity_photons / (kappa_Hz * port.mechanical_loss_Hz)


def conversion(optical_extraction: float, microwave_extraction: float, c_om: float, c_em: float) -> float:
    """Efficiency of the red pump on resonance, either way, 0..1."""
    _check(optical_extraction, microwave_extraction, c_om, c_em)
    return 4 * optical_extraction * microwave_extraction * c_om * c_em / (1 + c_om + c_em) ** 2


def blue_gain(optical_extraction: float, microwave_extraction: float, c_om: float, c_em: float) -> float:
    """Power gain of the blue pump between the two ports on resonance, >= 0; refused where it is unstable."""
    _check(optical_extraction, microwave_extraction, c_om, c_em)
    _stable(c_om, c_em)
    return 4 * optical_extraction * microwave_extraction * c_om * c_em / (1 - c_om + c_em) ** 2


def blue_photons(optical_extraction: float, c_om: float, c_em: float, thermal: float = 0.0) -> float:
    """Optical photons per second and hertz that a blue pump makes on resonance; vacuum at both cavities.

    ``thermal``: occupation of the mechanical bath. Refused where the pump is unstable.
    """
    _check(optical_extraction, 1.0, c_om, c_em)
    within("thermal", thermal, 0)
    _stable(c_om, c_em)
    return 4 * optical_extraction * c_om * (1 + thermal + c_em) / (1 - c_om + c_em) ** 2


def added_noise(microwave_extraction: float, c_em: float, thermal: float) -> float:
    """Noise photons of microwave-to-optical conversion, at its microwave input: n_bath/(eta_e C_em).

    ``thermal``: occupation of the mechanical bath, the microwave cavity's loss being cold.
    """
    within("microwave_extraction", microwave_extraction, 1e-12, 1)
    within("c_em", c_em, 1e-12)
    within("thermal", thermal, 0)
    return thermal / (microwave_extraction * c_em)


def bandwidth_Hz(mechanical_loss_Hz: float, c_om: float, c_em: float, blue: bool = False) -> float:
    """Full width at half maximum of the conversion, gamma_m (1 ± C_om + C_em), cavities much wider."""
    within("mechanical_loss_Hz", mechanical_loss_Hz, 0)
    if blue:
        _stable(c_om, c_em)
    return mechanical_loss_Hz * (1 + c_em + (-c_om if blue else c_om))


def largest_blue_cooperativity(port: PiezoPort) -> float:
    """C_om below which a blue pump is stable, the optical cavity being the fastest of the three modes.

    1 + C_em while the microwave cavity is fast too; one slower than gamma_m C_em, coupled strongly, lets
    mechanics and microwaves oscillate together from 1 + kappa_e/gamma_m on (Hurwitz' criterion for both).
    """
    return 1 + min(port.cooperativity, port.microwave_kappa_Hz / port.mechanical_loss_Hz)


def emission(port: PiezoPort) -> float:
    """Probability that a phonon leaves through the microwave line, light off, 0..1.

    kappa_ext int |b|² dt = eta_e C_em kappa_e/((1 + C_em)(kappa_e + gamma_m)), weak or strong coupling
    alike. The values of Meesala et al. (PRX 14, 031055, 2024) give 0.60, against 0.59 reported.
    """
    c_em, kappa = port.cooperativity, port.microwave_kappa_Hz
    return port.microwave_extraction * c_em / (1 + c_em) * kappa / (kappa + port.mechanical_loss_Hz)


def _check(optical_extraction: float, microwave_extraction: float, c_om: float, c_em: float) -> None:
    within("optical_extraction", optical_extraction, 0, 1)
    within("microwave_extraction", microwave_extraction, 0, 1)
    within("c_om", c_om, 0)
    within("c_em", c_em, 0)


def _stable(c_om: float, c_em: float) -> None:
    if c_om >= 1 + c_em:
        raise PhysicsError(
            f"c_om = {c_om:g} is impossible with a blue pump: its gain exceeds the loss and the mechanics "
            f"oscillates by itself; allowed are 0 <= c_om < 1 + c_em = {1 + c_em:g}"
        )
