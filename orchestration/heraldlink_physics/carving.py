# SPDX-License-Identifier: Apache-2.0
"""Laser, splitter, attenuator and carver: the pump power that reaches a transducer."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.device import ArmDevice, Carver
from heraldlink_physics.settings import ArmSettings


@dataclass(frozen=True, slots=True)
class PumpPulse:
    """Pump in the fibre before the transducer: a carved pulse and what leaks all the time."""

    power_W: NDArray[np.float64]
    """Of the carved part, one value per sample of the envelope."""
    leak_W: float
    energy_J: float
    """Of the carved part."""


def transmission(carver: Carver, envelope_V: NDArray[np.float64]) -> NDArray[np.float64]:
    """Transmission above the carver's floor, sin²(pi V / 2 V_pi) (1 - floor), same shape."""
    swing = 1 - 10 ** (-carver.extinction_dB / 10)
    return swing * np.sin(pi / 2 * envelope_V / carver.v_pi_V) ** 2


def pump_pulse(device: ArmDevice, settings: ArmSettings) -> PumpPulse:
    """Power over one attempt, from what laser, attenuator and generator are set to."""
    power_W = (
        settings.laser_power_W * device.splitter * device.insertion * 10 ** (-settings.attenuation_dB / 10)
    )
    carved = power_W * transmission(device.carver, settings.envelope_V)
    leak = power_W * 10 ** (-device.carver.extinction_dB / 10)
    return PumpPulse(carved, leak, float(carved.sum()) / settings.sample_rate_Hz)
