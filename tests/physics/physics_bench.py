# SPDX-License-Identifier: Apache-2.0
"""Device files and settings that the chain's tests share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

from heraldlink_physics.chain import LinkModel, link
from heraldlink_physics.device import Devices
from heraldlink_physics.device_file import from_mapping
from heraldlink_physics.settings import ArmSettings, DetectorSettings, GateSettings, MidpointSettings
from heraldlink_physics.transducer import blue_pump_frequency_Hz

FOLDER = Path(__file__).parents[2] / "configs" / "devices"
STEP_PS = 80
CENTRE_PS, SIGMA_PS, SYNC_PS = 400_000, 48_000, 200_000


def mapping(name: str) -> dict[str, object]:
    return YAML(typ="safe").load(FOLDER / f"{name}.yaml")


def devices(name: str) -> Devices:
    return from_mapping(mapping(name))


def envelope(period_ps: int, peak_V: float = 0.25) -> np.ndarray:
    time_ps = (np.arange(period_ps // STEP_PS) + 0.5) * STEP_PS
    return peak_V * np.exp(-((time_ps - CENTRE_PS) ** 2) / 2 / SIGMA_PS**2)


def arm_settings(name: str, at_dB: float, **changes: object) -> ArmSettings:
    period_ps = 20_000_000 if name == "meesala_2024" else 5_000_000
    settings = ArmSettings(
        laser_frequency_Hz=blue_pump_frequency_Hz(devices(name).arms[0].transducer),
        laser_power_W=1e-3,
        attenuation_dB=at_dB,
        envelope_V=envelope(period_ps),
        sample_rate_Hz=12.5e9,
        attempt_period_ps=period_ps,
        start_ps=1_000_000,
        sync_ps=SYNC_PS,
    )
    return replace(settings, **changes)


def midpoint_settings(bias_A: float = 18e-6, gate: tuple[int, int] = (50_000, 350_000)) -> MidpointSettings:
    return MidpointSettings((DetectorSettings(bias_A), DetectorSettings(bias_A)), GateSettings(*gate))


def nominal(name: str = "improved", attenuation_dB: float = 30.0) -> LinkModel:
    found, settings = devices(name), arm_settings(name, attenuation_dB)
    return link(*found.arms, found.midpoint, settings, settings, midpoint_settings())
