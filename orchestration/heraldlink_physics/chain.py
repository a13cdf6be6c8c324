# SPDX-License-Identifier: Apache-2.0
"""From what the instruments are set to, to the parameters of the herald model: one chain for world and nodes."""

from __future__ import annotations

from dataclasses import dataclass

from heraldlink_physics.device import ArmDevice, MidpointDevice
from heraldlink_physics.model import Arm, HeraldModel, Midpoint
from heraldlink_physics.profile import ArrivalProfile
from heraldlink_physics.settings import ArmSettings, MidpointSettings


@dataclass(frozen=True, slots=True)
class PumpedArm:
    """One node's share in an attempt, before gate and detector."""

    arm: Arm
    profile: ArrivalProfile
    """Arrival at the midpoint's detectors, in ps after the slot tick."""
    pulse_energy_J: float
    """Of the carved pulse, in the fibre before the transducer."""
    background_rate_Hz: float
    """Photons per second at the detectors, all the time, from the carver's leak: pairs and unfiltered pump."""
    leaked_photons: float
    """Unfiltered pump photons at the detectors per pulse, in the pulse's own shape."""


@dataclass(frozen=True, slots=True)
class LinkModel:
    """Two arms and a midpoint under given settings."""

    arms: tuple[Arm, Arm]
    """Gate fractions folded into their efficiencies."""
    midpoint: Midpoint
    """Dark probability per gate, detector efficiencies at the bias, visibility from the overlap of the modes."""
    model: HeraldModel
    profiles: tuple[ArrivalProfile, ArrivalProfile]
    """Arrival of each arm's photon at the detectors, in ps after the hub's START."""
    gate_fractions: tuple[float, float]
    dark_rates_Hz: tuple[float, float]
    """Uncorrelated clicks per second of detectors c, d, all the time: dark counts and the carvers' leak."""
    leak_clicks: tuple[float, float]
    """Mean clicks per attempt of detectors c, d from unfiltered pump inside the gate (in midpoint's darks)."""


def arm(device: ArmDevice, settings: ArmSettings) -> PumpedArm:
    """Pump power, envelope and detuning -> pairs, noise and arrival times of one node."""
    raise NotImplementedError


def link(
    device_a: ArmDevice,
    device_b: ArmDevice,
    midpoint_device: MidpointDevice,
    settings_a: ArmSettings,
    settings_b: ArmSettings,
    midpoint_settings: MidpointSettings,
    *,
    phase_variance_rad2: float = 0.0,
    coherent: bool = True,
    phase_offset_rad: float = 0.0,
) -> LinkModel:
    """Settings of both nodes and the midpoint -> what one attempt gives."""
    raise NotImplementedError
