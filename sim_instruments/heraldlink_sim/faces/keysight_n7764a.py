# SPDX-License-Identifier: Apache-2.0
"""Keysight N7764A: four optical attenuators; the commands are described in :mod:`.keysight_n776x`."""

from __future__ import annotations

from typing import ClassVar

from heraldlink_sim.faces.keysight_n776x import KeysightN776x
from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server


class KeysightN7764A(KeysightN776x):
    """Four channels."""

    channels: ClassVar[int] = 4
    model_name: ClassVar[str] = "N7764A"


def _make(place: Place, config: InstrumentConfig) -> KeysightN7764A:
    return KeysightN7764A(place.serial, place.clock)


MODEL = Model("Keysight N7764A", "attenuator", _make, scpi_server())
