# SPDX-License-Identifier: Apache-2.0
"""The settings tree of a Retina: what it is at power-up, and how a change is merged into it.

Shape as the vendor's client reads it: ``frontend.rankMap`` gives [mcuId, cuId] by rank, and each channel unit
has its ``configuration`` under ``devices.MCU.channels.CU``. ``cuStatus`` 0 is off, 1 biased and counting
[?], 2 sweeping.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import cast

from heraldlink_sim.errors import SimulationError

OFF, COUNTING, SWEEPING = 0, 1, 2
MCU = 1
MAX_TRIGGER_V = 10.0
MAX_BIAS_A = 100e-6
CYCLE_ms = 10
MAX_DEPTH = 8
Tree = dict[str, object]
BOUNDS: Mapping[str, tuple[float, float]] = {
    "biasI": (-MAX_BIAS_A, MAX_BIAS_A),
    "triggerV": (-MAX_TRIGGER_V, MAX_TRIGGER_V),
    "biasIStart": (-MAX_BIAS_A, MAX_BIAS_A),
    "biasIStop": (-MAX_BIAS_A, MAX_BIAS_A),
    "biasIStep": (1e-9, MAX_BIAS_A),
    "biasSweepT": (1, 6000),
    "cuStatus": (OFF, SWEEPING),
    "intTime": (CYCLE_ms, 60_000),
}
"""Bounds of the numbers that may be set; all but the trigger's are this model's own."""


class SettingsError(SimulationError):
    """A change that is refused; the text names the key."""


def power_up(channels: int) -> Tree:
    """Settings of a box with so many channels, nothing biased."""
    units: Tree = {str(unit): {"configuration": _configuration()} for unit in range(1, channels + 1)}
    return {
        "backend": {"intTime": 100, "ivIntTime": 0, "ivTimeStamp": 0.0, "network": {"dhcp": True}},
        "frontend": {"rankMap": {str(rank): [MCU, rank] for rank in range(1, channels + 1)}},
        "devices": {str(MCU): {"type": "mcu", "channels": units}},
    }


def _configuration() -> Tree:
    return {
        "biasI": 0.0,
        "triggerV": 0.1,
        "biasIStart": 0.0,
        "biasIStop": 30e-6,
        "biasIStep": 0.5e-6,
        "biasSweepT": 10,
        "cuStatus": OFF,
    }


def merged(tree: Tree, change: Mapping[str, object], path: str = "", depth: int = 0) -> Tree:
    """Return the tree with a change merged in. Raises SettingsError for keys and values that it has not."""
    result = dict(tree)
    for key, value in change.items():
        here = f"{path}.{key}" if path else key
        if key not in tree or depth > MAX_DEPTH:
            raise SettingsError(f"no setting {here}")
        old = tree[key]
        if isinstance(old, dict):
            if not isinstance(value, dict):
                raise SettingsError(f"{here} is a group")
            result[key] = merged(cast(Tree, old), cast("Mapping[str, object]", value), here, depth + 1)
        else:
            result[key] = _checked(here, key, old, value)
    return result


def _checked(path: str, key: str, old: object, value: object) -> object:
    if isinstance(old, bool) or not isinstance(old, int | float):
        if type(value) is not type(old) or isinstance(old, list):
            raise SettingsError(f"{path} has another type")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise SettingsError(f"{path} takes a number")
    low, high = BOUNDS.get(key, (-1e12, 1e12))
    if not low <= value <= high:
        raise SettingsError(f"{path} takes {low:g} to {high:g}")
    if key == "intTime" and value % CYCLE_ms:
        raise SettingsError(f"{path} goes in steps of {CYCLE_ms} ms")
    return value
