# SPDX-License-Identifier: Apache-2.0
"""A link of two emitters (colour centres, ions, atoms) and a midpoint, as a device file describes it."""

from __future__ import annotations

from dataclasses import dataclass

from heraldlink_physics.errors import within


@dataclass(frozen=True, slots=True)
class EmitterArm:
    """One node whose qubit emits a photon from its bright state; fields as in `model.Emitter`."""

    name: str
    efficiency: float
    """Emitter to click, without the 50:50 beam splitter, 0..1."""
    dephasing: float = 0.0
    """Phase-flip probability of the node's qubit, 0..0.5."""
    double_excitation: float = 0.0
    """Probability that a bright qubit emits a second photon, 0..1."""
    extra_share: float = 1.0
    """Efficiency of that photon relative to the other one's, 0..1."""
    inert: float = 0.0
    """Probability that the node neither emits nor is driven (wrong charge state), 0..1."""

    def __post_init__(self) -> None:
        within("efficiency", self.efficiency, 0, 1)
        within("dephasing", self.dephasing, 0, 0.5)
        within("double_excitation", self.double_excitation, 0, 1)
        within("extra_share", self.extra_share, 0, 1)
        within("inert", self.inert, 0, 1)


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
