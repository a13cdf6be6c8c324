# SPDX-License-Identifier: Apache-2.0
"""Outputs of an AWG70000: relays, DAC resolution, markers, what is put out while it waits or is stopped.

Source: QCoDeS' AWG70000A driver (ranges), AWG70000 programmer manual as tm_devices lists its commands.
"""

from typing import ClassVar

from heraldlink_sim.faces.tektronix_awg70000_levels import LevelCommands
from heraldlink_sim.scpi import Boolean, Choice, Integer, Number, ScpiError, Setting, command, nr3, query

SOURCE, OUTPUT = "[SOURce<channel>]", "OUTPut<channel>"
MARKER = f"{SOURCE}:MARKer<marker>"
_MARKER_LEVEL = f"{MARKER}:VOLTage[:LEVel][:IMMediate]"
FIRST = {"FIRS": "FIRST"}  # answered in full (QCoDeS' driver)


class OutputCommands(LevelCommands):
    """Plain settings of the channels."""

    marker_limits_V: ClassVar[tuple[float, float]] = (-1.4, 1.4)

    output = Setting(f"{OUTPUT}[:STATe]", Boolean())
    all_off = Setting("OUTPut:OFF", Boolean())
    resolution_bits = Setting(f"{SOURCE}:DAC:RESolution", Integer(8, 10, default=10))
    hold = Setting(f"{OUTPUT}:WVALue[:ANALog][:STATe]", Choice("ZERO", "FIRSt", answers=FIRST))
    stopped = Setting(f"{OUTPUT}:SVALue[:ANALog][:STATe]", Choice("OFF", "ZERO"))
    marker_waiting = Setting(f"{OUTPUT}:WVALue:MARKer<marker>", Choice("LOW", "FIRSt", "HIGH", answers=FIRST))
    marker_stopped = Setting(f"{OUTPUT}:SVALue:MARKer<marker>", Choice("OFF", "LOW"))
    marker_delay_s = Setting(f"{MARKER}:DELay", Number(-100e-12, 100e-12, default=0, unit="S", form=nr3))
    skew_s = Setting(f"{SOURCE}:SKEW", Number(-100e-12, 100e-12, default=0, unit="S", form=nr3))

    marker_high_V = Setting(f"{_MARKER_LEVEL}:HIGH", Number(-1.4, 1.75, default=1, unit="V", form=nr3))
    marker_low_V = Setting(f"{_MARKER_LEVEL}:LOW", Number(-1.4, 1.75, default=0, unit="V", form=nr3))

    @marker_high_V.guard
    def _check_high(self, value: float, channel: int, marker: int) -> None:
        self._check_marker(value)

    @marker_low_V.guard
    def _check_low(self, value: float, channel: int, marker: int) -> None:
        self._check_marker(value)

    @marker_high_V.changed
    def _push_low(self, value: float, channel: int, marker: int) -> None:
        """The two marker levels never cross: the other one follows."""
        self.marker_low_V.set(min(value, self.marker_low_V.get(channel, marker)), channel, marker)

    @marker_low_V.changed
    def _push_high(self, value: float, channel: int, marker: int) -> None:
        self.marker_high_V.set(max(value, self.marker_high_V.get(channel, marker)), channel, marker)

    @command(f"{_MARKER_LEVEL}[:AMPLitude]", Number(0, 3, unit="V"))
    def _set_marker_amplitude(self, channel: int, marker: int, value: float) -> None:
        middle = self._marker_middle(channel, marker)
        self._set_marker(channel, marker, middle - value / 2, middle + value / 2)

    @query(f"{_MARKER_LEVEL}[:AMPLitude]")
    def _marker_amplitude(self, channel: int, marker: int) -> str:
        return nr3(self._marker_span(channel, marker))

    @command(f"{_MARKER_LEVEL}:OFFSet", Number(-2, 2, unit="V"))
    def _set_marker_offset(self, channel: int, marker: int, value: float) -> None:
        half = self._marker_span(channel, marker) / 2
        self._set_marker(channel, marker, value - half, value + half)

    @query(f"{_MARKER_LEVEL}:OFFSet")
    def _marker_offset(self, channel: int, marker: int) -> str:
        return nr3(self._marker_middle(channel, marker))

    def _marker_span(self, channel: int, marker: int) -> float:
        return self.marker_high_V.get(channel, marker) - self.marker_low_V.get(channel, marker)

    def _marker_middle(self, channel: int, marker: int) -> float:
        return (self.marker_high_V.get(channel, marker) + self.marker_low_V.get(channel, marker)) / 2

    def _set_marker(self, channel: int, marker: int, low: float, high: float) -> None:
        self._check_marker(low)
        self._check_marker(high)
        self.marker_low_V.set(low, channel, marker)
        self.marker_high_V.set(high, channel, marker)

    def _check_marker(self, value: float) -> None:
        low, high = self.marker_limits_V
        if not low <= value <= high:
            raise ScpiError(-222, f"{value:g} V is outside {low:g}..{high:g} V")


class AnalogOptions70000(OutputCommands):
    """Attenuators and filters of the AC path, which only an AWG70000 has."""

    attenuator_1_dB = Setting(f"{OUTPUT}:ATTenuator:A1", Number(0, 31, default=0, unit="DB", form=nr3))
    attenuator_2_dB = Setting(f"{OUTPUT}:ATTenuator:A2", Number(0, 31, default=0, unit="DB", form=nr3))
    attenuator_3_dB = Setting(f"{OUTPUT}:ATTenuator:A3", Number(0, 31, default=0, unit="DB", form=nr3))
    attenuator_dac = Setting(f"{OUTPUT}:ATTenuator:DAC", Number(0, 1, default=1, form=nr3))
    ac_filter = Setting(f"{OUTPUT}:FILTer", Choice("NONE", "BPASs", "LPASs"))
    band_pass = Setting(f"{OUTPUT}:FILTer:BPASs:RANGe", Choice("R10TO14GHZ", "R13TO18GHZ"))
