# SPDX-License-Identifier: Apache-2.0
"""What the instruments are set to, as far as it reaches the physics; from the faces or from read-backs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.errors import PhysicsError, within


@dataclass(frozen=True, slots=True)
class OtherPulse:
    """Another pump pulse of the same attempt, as heat: each attempt repeats it."""

    energy_J: float
    """In the fibre before the transducer."""
    before_ps: int
    """How long before the pulse in question it came: in this attempt, or late in the one before."""

    def __post_init__(self) -> None:
        within("energy_J", self.energy_J, 0)
        within("before_ps", self.before_ps, 1)


@dataclass(frozen=True, slots=True)
class ArmSettings:
    """One node's pump: laser, attenuator and the envelope that carves the pulse."""

    laser_frequency_Hz: float
    laser_power_W: float
    """At the laser's output; 0 with the emission off or the shutter closed."""
    attenuation_dB: float
    """Of this arm's channel; ``math.inf`` with its output closed."""
    envelope_V: NDArray[np.float64]
    """Voltage at the carver from the generator's channel 1, one attempt, shape (n,)."""
    sample_rate_Hz: float
    attempt_period_ps: int
    start_ps: int = 0
    """Start of the envelope's first sample after the slot tick, generator and trigger delays included."""
    sync_ps: int = 0
    """Rising edge of the attempt sync (marker 1), counted from the envelope's first sample."""
    others: tuple[OtherPulse, ...] = ()
    """Pulses of the attempt beside the one that `envelope_V` carves."""

    def __post_init__(self) -> None:
        within("laser_frequency_Hz", self.laser_frequency_Hz, 1e12, 1e15)
        within("laser_power_W", self.laser_power_W, 0)
        within("sample_rate_Hz", self.sample_rate_Hz, 1)
        within("attempt_period_ps", self.attempt_period_ps, 1)
        if np.isnan(self.attenuation_dB) or self.attenuation_dB < 0:
            raise PhysicsError(f"attenuation_dB = {self.attenuation_dB} is impossible: allowed are >= 0")
        if np.ndim(self.envelope_V) != 1 or not np.all(np.isfinite(self.envelope_V)):
            raise PhysicsError("envelope_V must be a one-dimensional array of finite voltages")


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """Bias and trigger level of one single-photon detector."""

    bias_A: float
    enabled: bool = True
    trigger_V: float | None = None
    """Level of the comparator behind it; None: low enough to miss nothing."""


@dataclass(frozen=True, slots=True)
class GateSettings:
    """Window in which a click heralds, relative to the hub's START event: node A's sync, cable included."""

    begin_ps: int
    end_ps: int

    @property
    def length_ps(self) -> int:
        """Length of the window, never negative."""
        return max(0, self.end_ps - self.begin_ps)


@dataclass(frozen=True, slots=True)
class MidpointSettings:
    """Detectors c, d and the herald gate."""

    detectors: tuple[DetectorSettings, DetectorSettings]
    gate: GateSettings
