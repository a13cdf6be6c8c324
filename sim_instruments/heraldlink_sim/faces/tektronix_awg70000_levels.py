# SPDX-License-Identifier: Apache-2.0
"""Amplitude, offset, high, low and power of the outputs of an AWG70000 or AWG5200: five views of two numbers.

Limits hang on the output path and are answered to ``? MIN`` and ``? MAX``. Source: tm_devices' constraints
per output path, QCoDeS' AWG70000A driver (ranges of the direct path, offsets), AWG70000 data sheet.
"""

from collections.abc import Mapping
from math import log10, sqrt
from typing import ClassVar

from heraldlink_sim.faces.tektronix_awg70000_kinds import LIMIT, Level
from heraldlink_sim.faces.tektronix_awg70000_storage import StorageCommands
from heraldlink_sim.scpi import Choice, ScpiError, Setting, command, nr3, query

LEVEL = "[SOURce<channel>]:VOLTage[:LEVel][:IMMediate]"
_POWER = "[SOURce<channel>]:POWer[:LEVel][:IMMediate][:AMPLitude]"
_LOAD_OHM = 50
_MILLIWATT = 1e-3
Limits = tuple[float, float, float]  # least, most, after *RST


def vpp_to_dbm(amplitude_Vpp: float) -> float:
    """Power of a sine into 50 ohm."""
    return 10 * log10(amplitude_Vpp**2 / (8 * _LOAD_OHM) / _MILLIWATT)


def dbm_to_vpp(power_dBm: float) -> float:
    """Peak-to-peak voltage of a sine into 50 ohm."""
    return sqrt(8 * _LOAD_OHM * _MILLIWATT * 10 ** (power_dBm / 10))


def within(value: float | str, limits: Limits) -> float:
    """A level, or the limit that a word stands for; raises ScpiError -222."""
    low, high, default = limits
    if isinstance(value, str):
        return {"MIN": low, "MAX": high, "DEF": default}[value]
    slack = 1e-9 * max(abs(low), abs(high))
    if not low - slack <= value <= high + slack:
        raise ScpiError(-222, f"{value:g} is outside {low:g}..{high:g}")
    return value


class LevelCommands(StorageCommands):
    """Levels of the analog outputs."""

    amplitude_limits: ClassVar[Mapping[str, Limits]] = {
        "DIR": (0.25, 0.5, 0.5),
        "DCA": (0.031, 1.2, 0.5),
        "AC": (dbm_to_vpp(-35), dbm_to_vpp(18), 0.5),
    }
    offset_limits: ClassVar[Limits] = (-2, 2, 0)

    path = Setting(
        "OUTPut<channel>:PATH", Choice("DIRect", "DCA", "DCAMplified", "AC", answers={"DCAM": "DCA"})
    )

    @path.changed
    def _fit_amplitude(self, path: str, channel: int) -> None:
        """The amplitude moves into the range of the new path."""
        low, high, _ = self._amplitude_range(channel)
        self._amplitude_Vpp[channel] = min(max(self.amplitude_Vpp(channel), low), high)

    @property
    def _amplitude_Vpp(self) -> dict[int, float]:
        return self._levels.setdefault("amplitude", {})

    @property
    def _offset_V(self) -> dict[int, float]:
        return self._levels.setdefault("offset", {})

    @property
    def _levels(self) -> dict[str, dict[int, float]]:
        levels: dict[str, dict[int, float]] = vars(self).setdefault("_level_store", {})
        return levels

    def reset(self) -> None:
        """``*RST``: levels to default."""
        super().reset()
        self._levels.clear()

    def amplitude_Vpp(self, channel: int) -> float:
        """Peak-to-peak voltage into 50 ohm."""
        return self._amplitude_Vpp.get(channel, self._amplitude_range(channel)[2])

    def offset_V(self, channel: int) -> float:
        """Voltage between the extremes."""
        return self._offset_V.get(channel, self.offset_limits[2])

    @command(f"{LEVEL}[:AMPLitude]", Level("V"))
    def _set_amplitude(self, channel: int, value: float | str) -> None:
        self._amplitude_Vpp[channel] = within(value, self._amplitude_range(channel))

    @query(f"{LEVEL}[:AMPLitude]", LIMIT)
    def _amplitude(self, channel: int, limit: str) -> str:
        return nr3(within(limit, self._amplitude_range(channel)) if limit else self.amplitude_Vpp(channel))

    @command(f"{LEVEL}:OFFSet", Level("V"))
    def _set_offset(self, channel: int, value: float | str) -> None:
        self._offset_V[channel] = within(value, self.offset_limits)

    @query(f"{LEVEL}:OFFSet", LIMIT)
    def _offset(self, channel: int, limit: str) -> str:
        return nr3(within(limit, self.offset_limits) if limit else self.offset_V(channel))

    @command(f"{LEVEL}:HIGH", Level("V"))
    def _set_high(self, channel: int, value: float | str) -> None:
        low = self.offset_V(channel) - self.amplitude_Vpp(channel) / 2
        self._set_extremes(channel, low, within(value, self._extremes(channel)))

    @query(f"{LEVEL}:HIGH", LIMIT)
    def _high(self, channel: int, limit: str) -> str:
        present = self.offset_V(channel) + self.amplitude_Vpp(channel) / 2
        return nr3(within(limit, self._extremes(channel)) if limit else present)

    @command(f"{LEVEL}:LOW", Level("V"))
    def _set_low(self, channel: int, value: float | str) -> None:
        high = self.offset_V(channel) + self.amplitude_Vpp(channel) / 2
        self._set_extremes(channel, within(value, self._extremes(channel)), high)

    @query(f"{LEVEL}:LOW", LIMIT)
    def _low(self, channel: int, limit: str) -> str:
        present = self.offset_V(channel) - self.amplitude_Vpp(channel) / 2
        return nr3(within(limit, self._extremes(channel)) if limit else present)

    @command(_POWER, Level("DBM"))
    def _set_power(self, channel: int, value: float | str) -> None:
        self._amplitude_Vpp[channel] = dbm_to_vpp(within(value, self._power_range(channel)))

    @query(_POWER, LIMIT)
    def _power(self, channel: int, limit: str) -> str:
        present = vpp_to_dbm(self.amplitude_Vpp(channel))
        return nr3(within(limit, self._power_range(channel)) if limit else present)

    def _set_extremes(self, channel: int, low: float, high: float) -> None:
        amplitude = within(high - low, self._amplitude_range(channel))
        self._offset_V[channel] = within((high + low) / 2, self.offset_limits)
        self._amplitude_Vpp[channel] = amplitude

    def _amplitude_range(self, channel: int) -> Limits:
        path = self.path.get(channel)
        return self.amplitude_limits["DCA" if path == "DCAM" else path]

    def _power_range(self, channel: int) -> Limits:
        low, high, default = (vpp_to_dbm(limit) for limit in self._amplitude_range(channel))
        return low, high, default

    def _extremes(self, channel: int) -> Limits:
        half = self._amplitude_range(channel)[1] / 2
        low, high, _ = self.offset_limits
        return low - half, high + half, half
