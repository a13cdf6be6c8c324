# SPDX-License-Identifier: Apache-2.0
"""A pump pulse of stated power, as the waveform that carves it."""

from __future__ import annotations

from math import pi

import numpy as np

from heraldlink.published.row import Numbers
from heraldlink_physics.device import ArmDevice
from heraldlink_physics.settings import ArmSettings
from heraldlink_physics.transducer import blue_pump_frequency_Hz

SAMPLE_RATE_HZ = 1e9


def times_s(period_s: float) -> Numbers:
    """Samples of one period."""
    return np.arange(round(period_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ


def settings(device: ArmDevice, power_W: Numbers) -> ArmSettings:
    """Blue pump whose power before the chip is `power_W`, one value per sample, by the carver's sin² law."""
    peak_W = max(float(power_W.max()), 1e-30)
    voltage = np.arcsin(np.sqrt(power_W / peak_W)) * 2 / pi * device.carver.v_pi_V
    floor = 10 ** (-device.carver.extinction_dB / 10)
    return ArmSettings(
        laser_frequency_Hz=blue_pump_frequency_Hz(device.transducer),
        laser_power_W=peak_W / (device.splitter * device.insertion * (1 - floor)),
        attenuation_dB=0.0,
        envelope_V=voltage,
        sample_rate_Hz=SAMPLE_RATE_HZ,
        attempt_period_ps=round(power_W.size / SAMPLE_RATE_HZ * 1e12),
    )
