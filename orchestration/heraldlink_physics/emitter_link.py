# SPDX-License-Identifier: Apache-2.0
"""A link of two emitters (colour centres, ions, atoms) and a midpoint, as a device file describes it."""

from __future__ import annotations

from dataclasses import dataclass

from heraldlink_physics.errors import within
from heraldlink_physics.model import Emitter, HeraldModel, Midpoint
from heraldlink_physics.single_click import single_click


@dataclass(frozen=True, slots=True)
class EmitterArm:
    """One node whose qubit emits a photon from its bright state; fields as in `model.Emitter`."""

    name: str
    efficiency: float
    dephasing: float = 0.0
    double_excitation: float = 0.0
    extra_share: float = 1.0
    inert: float = 0.0

    def __post_init__(self) -> None:
        self.emitter(0.0)

    def emitter(self, bright: float) -> Emitter:
        """The node with this population of its bright state, 0..1."""
        return Emitter(
            bright, self.efficiency, self.dephasing, self.double_excitation, self.extra_share, self.inert
        )


@dataclass(frozen=True, slots=True)
class EmitterMidpoint:
    """Beam splitter and detectors of an emitter link."""

    visibility: float
    """|<xi_A|xi_B>|**2, 0..1."""
    phase_sigma_rad: float
    """rms of the phase difference B-A that no estimate follows."""
    dark_probability: float
    """Per detector and gate, 0..1."""

    def __post_init__(self) -> None:
        within("visibility", self.visibility, 0, 1)
        within("phase_sigma_rad", self.phase_sigma_rad, 0)
        within("dark_probability", self.dark_probability, 0, 1)


@dataclass(frozen=True, slots=True)
class EmitterLink:
    """One device file of kind emitter-link."""

    name: str
    source: str
    attempt_rate_Hz: float
    arms: tuple[EmitterArm, EmitterArm]
    midpoint: EmitterMidpoint

    def __post_init__(self) -> None:
        within("attempt_rate_Hz", self.attempt_rate_Hz, 1e-6)


def heralds(link: EmitterLink, bright_a: float, bright_b: float) -> HeraldModel:
    """One single-click attempt with these bright-state populations, 0..1."""
    (a, b), place = link.arms, link.midpoint
    dark = (place.dark_probability, place.dark_probability)
    midpoint = Midpoint(place.visibility, place.phase_sigma_rad, dark)
    return single_click(a.emitter(bright_a), b.emitter(bright_b), midpoint)
