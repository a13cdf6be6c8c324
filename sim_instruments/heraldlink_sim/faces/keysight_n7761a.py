# SPDX-License-Identifier: Apache-2.0
"""Keysight N7761A: one optical attenuator; the commands are described in :mod:`.keysight_n776x`."""

from __future__ import annotations

from typing import ClassVar

from heraldlink_sim.faces.keysight_n776x import KeysightN776x
from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server


class KeysightN7761A(KeysightN776x):
    """One channel."""

    channels: ClassVar[int] = 1
    model_name: ClassVar[str] = "N7761A"


def _make(place: Place, config: InstrumentConfig) -> KeysightN7761A:
    return KeysightN7761A(place.serial, place.clock)


MODEL = Model("Keysight N7761A", "attenuator", _make, scpi_server())
