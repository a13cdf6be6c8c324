# SPDX-License-Identifier: Apache-2.0
"""Output, load and voltage of a Keysight 33512B.

The generator has 50 ohm. What is kept is the open-circuit voltage; the amplitude that is set and answered is
that across the load, in VPP, VRMS or DBM. Limits: 1 mVpp to 10 Vpp and 5 V of peak and offset together into
50 ohm, twice that into an open circuit. Source: Agilent 33500 Series Operating and Service Guide (levels,
terminations, limits), pymeasure's Agilent33500 and QCoDeS' driver.
"""

from abc import ABC, abstractmethod
from math import log10, sqrt
from typing import ClassVar

from heraldlink_sim.faces.keysight_33512b_kinds import INFINITE, LIMIT, Level, OrInfinite, clip, exact
from heraldlink_sim.scpi import Boolean, Choice, ScpiDevice, ScpiError, Setting, command, query

SOURCE, OUTPUT = "[SOURce<1..2>]", "OUTPut<1..2>"
_VOLTAGE = f"{SOURCE}:VOLTage"
_AMPLITUDE = f"{_VOLTAGE}[:LEVel][:IMMediate][:AMPLitude]"
_LEVEL = f"{_VOLTAGE}[:LEVel][:IMMediate]"
_OWN_OHM = 50.0
_LARGEST_Vpp, _SMALLEST_Vpp = 20.0, 2e-3  # open circuit
_DEFAULT_Vpp = 0.2  # 100 mVpp into 50 ohm
_STEP_V = 1e-3  # what is left between high and low when they would cross

# peak-to-peak by root mean square (of noise and arbitrary waveforms [?])
_CREST = {
    "SIN": 2 * sqrt(2), "SQU": 2.0, "PULS": 2.0, "PRBS": 2.0, "RAMP": 2 * sqrt(3), "TRI": 2 * sqrt(3),
    "NOIS": 6.6, "ARB": 2.0, "DC": 2.0,
}  # fmt: skip


class LevelCommands33500(ScpiDevice, ABC):
    """Voltages of both channels."""

    channels: ClassVar[int] = 2

    output = Setting(f"{OUTPUT}[:STATe]", Boolean())
    load_ohm = Setting(f"{OUTPUT}:LOAD", OrInfinite(1, 10_000, default=50, unit="OHM", form=exact))
    polarity = Setting(f"{OUTPUT}:POLarity", Choice("NORMal", "INVerted"))
    output_mode = Setting(f"{OUTPUT}:MODE", Choice("NORMal", "GATed"))
    unit = Setting(f"{_VOLTAGE}:UNIT", Choice("VPP", "VRMS", "DBM"))
    limits_on = Setting(f"{_VOLTAGE}:LIMit:STATe", Boolean())
    auto_range = Setting(
        f"{_VOLTAGE}:RANGe:AUTO",
        Choice("ON", "OFF", "ONCE", "1", "0", answers={"ON": "1", "OFF": "0"}, default="ON"),
    )
    coupled = Setting(f"{_VOLTAGE}:COUPle[:STATe]", Boolean())

    @abstractmethod
    def function(self, channel: int) -> str:
        """Function of a channel, in short."""

    @property
    def _volts(self) -> dict[tuple[str, int], float]:
        volts: dict[tuple[str, int], float] = vars(self).setdefault("_volt_store", {})
        return volts

    def reset(self) -> None:
        """``*RST``: voltages to default too."""
        super().reset()
        self._volts.clear()

    @load_ohm.changed
    def _load_changed(self, value: float, channel: int) -> None:
        if value < INFINITE:
            self.load_ohm.set(clip(self, value, 1, 10_000), channel)
        elif self.unit.get(channel) == "DBM":
            self.unit.set("VPP", channel)
            self.report(ScpiError(-221, "dBm is not allowed with an infinite load"))

    @unit.guard
    def _check_unit(self, value: str, channel: int) -> None:
        if value == "DBM" and self.load_ohm.get(channel) >= INFINITE:
            raise ScpiError(-221, "dBm is not allowed with an infinite load")

    def amplitude_Vpp(self, channel: int) -> float:
        """Peak-to-peak voltage across the load that was stated."""
        return self._volts.get(("amplitude", channel), _DEFAULT_Vpp) * self._share(channel)

    def offset_V(self, channel: int) -> float:
        """Mean of the extremes across the load that was stated."""
        return self._volts.get(("offset", channel), 0.0) * self._share(channel)

    def set_levels(self, channel: int, amplitude_Vpp: float, offset_V: float) -> None:
        """Set both; beyond the output they are clipped (-222), an offset without room moves (-221)."""
        share = self._share(channel)
        most = _LARGEST_Vpp * share
        amplitude = clip(self, amplitude_Vpp, _SMALLEST_Vpp * share, most)
        room = most / 2 if self.function(channel) == "DC" else (most - amplitude) / 2
        offset = min(max(offset_V, -room), room)
        if abs(offset - offset_V) > 1e-12:
            self.report(ScpiError(-221, "offset changed due to amplitude"))
        amplitude, offset = self._within_limits(channel, amplitude, offset)
        targets = range(1, self.channels + 1) if self.coupled.get(channel) else (channel,)
        for target in targets:
            self._volts["amplitude", target] = amplitude / share
            self._volts["offset", target] = offset / share

    def _within_limits(self, channel: int, amplitude: float, offset: float) -> tuple[float, float]:
        """Voltage limits of the user clip both extremes (-221)."""
        if not self.limits_on.get(channel):
            return amplitude, offset
        low, high = self._limit(channel, "LOW"), self._limit(channel, "HIGH")
        bottom, top = max(offset - amplitude / 2, low), min(offset + amplitude / 2, high)
        if top - bottom < amplitude - 1e-12:
            self.report(ScpiError(-221, "value clipped to the voltage limits"))
        return max(top - bottom, 0.0), (top + bottom) / 2

    def _share(self, channel: int) -> float:
        """Voltage across the load by open-circuit voltage."""
        load = self.load_ohm.get(channel)
        return 1.0 if load >= INFINITE else load / (load + _OWN_OHM)

    def _to_unit(self, channel: int, amplitude_Vpp: float, unit: str) -> float:
        rms = amplitude_Vpp / _CREST[self.function(channel)]
        if unit == "DBM":
            return 10 * log10(max(rms, 1e-12) ** 2 / min(self.load_ohm.get(channel), 1e9) / 1e-3)
        return rms if unit == "VRMS" else amplitude_Vpp

    def _to_vpp(self, channel: int, value: float, unit: str) -> float:
        crest = _CREST[self.function(channel)]
        if unit == "DBM":
            if self.load_ohm.get(channel) >= INFINITE:
                raise ScpiError(-221, "dBm is not allowed with an infinite load")
            return crest * sqrt(1e-3 * 10 ** (min(value, 100) / 10) * self.load_ohm.get(channel))
        return crest * value if unit == "VRMS" else value

    def amplitude_from(self, channel: int, level: tuple[float, str] | str) -> float:
        """Peak-to-peak voltage that a parameter means."""
        if isinstance(level, str):
            share = self._share(channel)
            return {"MIN": _SMALLEST_Vpp, "MAX": _LARGEST_Vpp, "DEF": _DEFAULT_Vpp}[level] * share
        value, written = level
        return self._to_vpp(channel, value, self.unit.get(channel) if written in ("", "V") else written)

    def offset_from(self, channel: int, level: tuple[float, str] | str) -> float:
        """Offset that a parameter means, with the amplitude as it is."""
        if not isinstance(level, str):
            return level[0]
        room = (_LARGEST_Vpp * self._share(channel) - self.amplitude_Vpp(channel)) / 2
        return {"MIN": -room, "MAX": room, "DEF": 0.0}[level]

    @command(_AMPLITUDE, Level("V", "VPP", "VRMS", "DBM"))
    def _set_amplitude(self, channel: int, level: tuple[float, str] | str) -> None:
        self.set_levels(channel, self.amplitude_from(channel, level), self.offset_V(channel))

    @query(_AMPLITUDE, LIMIT)
    def _amplitude(self, channel: int, limit: str) -> str:
        amplitude = self.amplitude_from(channel, limit) if limit else self.amplitude_Vpp(channel)
        return exact(self._to_unit(channel, amplitude, self.unit.get(channel)))

    @command(f"{_LEVEL}:OFFSet", Level("V"))
    def _set_offset(self, channel: int, level: tuple[float, str] | str) -> None:
        self.set_levels(channel, self.amplitude_Vpp(channel), self.offset_from(channel, level))

    @query(f"{_LEVEL}:OFFSet", LIMIT)
    def _offset(self, channel: int, limit: str) -> str:
        return exact(self.offset_from(channel, limit) if limit else self.offset_V(channel))

    @command(f"{_LEVEL}:HIGH", Level("V"))
    def _set_high(self, channel: int, level: tuple[float, str] | str) -> None:
        high = self._extreme_from(channel, level)
        low = self._extreme(channel, -1)
        if high <= low:
            self.report(ScpiError(-221, "low level changed due to high level"))
            low = high - _STEP_V
        self.set_levels(channel, high - low, (high + low) / 2)

    @query(f"{_LEVEL}:HIGH", LIMIT)
    def _high(self, channel: int, limit: str) -> str:
        return exact(self._extreme_from(channel, limit) if limit else self._extreme(channel, 1))

    @command(f"{_LEVEL}:LOW", Level("V"))
    def _set_low(self, channel: int, level: tuple[float, str] | str) -> None:
        low = self._extreme_from(channel, level)
        high = self._extreme(channel, 1)
        if low >= high:
            self.report(ScpiError(-221, "high level changed due to low level"))
            high = low + _STEP_V
        self.set_levels(channel, high - low, (high + low) / 2)

    @query(f"{_LEVEL}:LOW", LIMIT)
    def _low(self, channel: int, limit: str) -> str:
        return exact(self._extreme_from(channel, limit) if limit else self._extreme(channel, -1))

    def _extreme(self, channel: int, side: int) -> float:
        return self.offset_V(channel) + side * self.amplitude_Vpp(channel) / 2

    def _extreme_from(self, channel: int, level: tuple[float, str] | str) -> float:
        most = _LARGEST_Vpp * self._share(channel) / 2
        if isinstance(level, str):
            return {"MIN": -most, "MAX": most, "DEF": 0.05}[level]
        return clip(self, level[0], -most, most)

    @command(f"{_VOLTAGE}:LIMit:HIGH", Level("V"))
    def _set_limit_high(self, channel: int, level: tuple[float, str] | str) -> None:
        self._volts["HIGH", channel] = self._extreme_from(channel, level)

    @query(f"{_VOLTAGE}:LIMit:HIGH", LIMIT)
    def _limit_high(self, channel: int, limit: str) -> str:
        return exact(self._extreme_from(channel, limit) if limit else self._limit(channel, "HIGH"))

    @command(f"{_VOLTAGE}:LIMit:LOW", Level("V"))
    def _set_limit_low(self, channel: int, level: tuple[float, str] | str) -> None:
        self._volts["LOW", channel] = self._extreme_from(channel, level)

    @query(f"{_VOLTAGE}:LIMit:LOW", LIMIT)
    def _limit_low(self, channel: int, limit: str) -> str:
        return exact(self._extreme_from(channel, limit) if limit else self._limit(channel, "LOW"))

    def _limit(self, channel: int, side: str) -> float:
        most = _LARGEST_Vpp * self._share(channel) / 2
        return self._volts.get((side, channel), most if side == "HIGH" else -most)
