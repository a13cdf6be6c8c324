# SPDX-License-Identifier: Apache-2.0
"""Keysight N7764A: four variable optical attenuators, each with output gate and power monitor.

SCPI over HiSLIP or a raw socket: ``INPn:ATT`` (dB), ``INPn:WAV`` (m), ``OUTPn[:STAT]``, ``OUTPn:POW`` (which
acts on the attenuation), ``READn:POW?``, ``FETCn:POW?`` and ``SENSn:POW:UNIT``. The monitor sits behind the
attenuator and its gate. Answers look like ``+2.50000000E+000``. Powers up with every gate closed and full
attenuation. The attenuation range, 0..45 dB, is this model's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

from heraldlink_sim.faces.santec_format import exponent
from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server
from heraldlink_sim.scpi import Boolean, Integer, Number, ScpiDevice, ScpiError, Setting, command, query
from heraldlink_sim.world.rack import AttenuatorChannel, AttenuatorState

CHANNELS = 4
MAX_ATTENUATION_dB = 45.0
MONITOR_FLOOR_W = 1e-12


def _dBm(power_W: float) -> float:
    if power_W <= 0:
        raise ScpiError(-222)
    return 10 * math.log10(power_W * 1e3)


def _dark(channel: int) -> float:
    """Stand in until the bench says what light arrives."""
    return 0.0


class KeysightN7764A(ScpiDevice):
    """One attenuator; ``input_power_W(channel)`` tells the light at an input when a monitor is read."""

    error_capacity: ClassVar[int] = 30

    attenuation_dB = Setting(
        "INPut<1..4>[:CHANnel]:ATTenuation",
        Number(0.0, MAX_ATTENUATION_dB, default=MAX_ATTENUATION_dB, unit="DB", form=exponent),
    )
    wavelength_m = Setting(
        "INPut<1..4>[:CHANnel]:WAVelength", Number(1260e-9, 1640e-9, default=1550e-9, unit="M", form=exponent)
    )
    is_open = Setting("OUTPut<1..4>[:CHANnel][:STATe]", Boolean())
    monitor_in_watt = Setting("SENSe<1..4>[:CHANnel]:POWer:UNIT", Integer(0, 1, default=0))
    set_in_watt = Setting("OUTPut<1..4>[:CHANnel]:POWer:UNIT", Integer(0, 1, default=0))

    def __init__(self, serial: str = "SIM-0001") -> None:
        super().__init__()
        self.serial = serial
        self.input_power_W: Callable[[int], float] = _dark

    # --- the world

    def state(self) -> AttenuatorState:
        """Return what arrived over the wire."""
        return AttenuatorState(
            tuple(
                AttenuatorChannel(self.attenuation_dB.get(channel), self.is_open.get(channel))
                for channel in range(1, CHANNELS + 1)
            )
        )

    def output_power_W(self, channel: int) -> float:
        """Light behind attenuator and gate of channel 1..4."""
        if not self.is_open.get(channel):
            return 0.0
        return self.input_power_W(channel) * 10 ** (-self.attenuation_dB.get(channel) / 10)

    # --- the wire

    def format_error(self, error: ScpiError) -> str:
        """One entry of the error queue, with the sign that this family writes."""
        return f'{error.code:+d},"{error.message}"'

    @query("*IDN")
    def _identity(self) -> str:
        return f"Keysight Technologies,N7764A,{self.serial},1.18"

    @query("READ<1..4>[:CHANnel]:POWer")
    def _read_power(self, channel: int) -> str:
        return _power(self.output_power_W(channel), in_watt=self.monitor_in_watt.get(channel) == 1)

    @query("FETCh<1..4>[:CHANnel]:POWer")
    def _fetch_power(self, channel: int) -> str:
        return self._read_power(channel)

    @query("OUTPut<1..4>[:CHANnel]:POWer")
    def _output_power(self, channel: int) -> str:
        return _power(self.output_power_W(channel), in_watt=self.set_in_watt.get(channel) == 1)

    @command(
        "OUTPut<1..4>[:CHANnel]:POWer",
        Number(-100.0, 23.0, unit="DBM", units={"W": _dBm}),
    )
    def _set_output_power(self, channel: int, power_dBm: float) -> None:
        arriving_W = self.input_power_W(channel)
        if arriving_W <= 0:
            raise ScpiError(-221)
        needed_dB = _dBm(arriving_W) - power_dBm
        if not 0 <= needed_dB <= MAX_ATTENUATION_dB:
            raise ScpiError(-222)
        self.attenuation_dB.set(needed_dB, channel)


def _power(power_W: float, *, in_watt: bool) -> str:
    """Format a monitor reading; below its floor the monitor reads the floor."""
    seen_W = max(power_W, MONITOR_FLOOR_W)
    return exponent(seen_W if in_watt else _dBm(seen_W))


def _make(place: Place, config: InstrumentConfig) -> KeysightN7764A:
    return KeysightN7764A(place.serial)


MODEL = Model("Keysight N7764A", "attenuator", _make, scpi_server())
