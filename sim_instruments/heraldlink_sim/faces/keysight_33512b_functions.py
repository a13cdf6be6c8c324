# SPDX-License-Identifier: Apache-2.0
"""Functions and frequencies of a Keysight 33512B.

Limits: 1 uHz to 20 MHz for sine, square and pulse, 200 kHz for ramp and triangle, 160 MSa/s for arbitrary
waveforms. Source: Agilent 33500 Series Operating and Service Guide, QCoDeS' and pymeasure's drivers.
"""

from collections.abc import Mapping
from typing import ClassVar

from heraldlink_sim.faces.keysight_33512b_kinds import LIMIT, Level, clip, clipped, exact
from heraldlink_sim.faces.keysight_33512b_levels import SOURCE, LevelCommands33500
from heraldlink_sim.scpi import Boolean, Choice, ScpiError, Setting, command, query

_FUNCTION, _FREQUENCY = f"{SOURCE}:FUNCtion", f"{SOURCE}:FREQuency"
_LEAST_Hz, _DEFAULT_Hz = 1e-6, 1e3
FUNCTIONS = ("SINusoid", "SQUare", "TRIangle", "RAMP", "PULSe", "PRBS", "NOISe", "ARBitrary", "DC")
Given = tuple[float, str] | str


class FunctionCommands33500(LevelCommands33500):
    """Shapes, frequencies and pulses."""

    fastest_Hz: ClassVar[Mapping[str, float]] = {"RAMP": 200e3, "TRI": 200e3}
    fastest_sine_Hz: ClassVar[float] = 20e6

    shape = Setting(_FUNCTION, Choice(*FUNCTIONS))
    frequency_mode = Setting(f"{_FREQUENCY}:MODE", Choice("CW", "LIST", "SWEep", "FIXed"))
    start_Hz = clipped(f"{_FREQUENCY}:STARt", _LEAST_Hz, 20e6, 100, "HZ")
    stop_Hz = clipped(f"{_FREQUENCY}:STOP", _LEAST_Hz, 20e6, 1e3, "HZ")
    frequency_coupled = Setting(f"{_FREQUENCY}:COUPle[:STATe]", Boolean())
    frequency_coupling = Setting(f"{_FREQUENCY}:COUPle:MODE", Choice("OFFSet", "RATio"))
    frequency_offset_Hz = clipped(f"{_FREQUENCY}:COUPle:OFFSet", -20e6, 20e6, 0, "HZ")
    frequency_ratio = clipped(f"{_FREQUENCY}:COUPle:RATio", 1e-3, 1e3, 1)
    phase_deg = clipped(f"{SOURCE}:PHASe[:ADJust]", -360, 360, 0, "DEG")
    arb_phase_deg = clipped(f"{SOURCE}:PHASe:ARBitrary", -360, 360, 0, "DEG")
    angle_unit = Setting("UNIT:ANGLe", Choice("DEGree", "RADian", "SECond"))
    duty_percent = clipped(f"{_FUNCTION}:SQUare:DCYCle", 0.01, 99.99, 50, "PCT")
    symmetry_percent = clipped(f"{_FUNCTION}:RAMP:SYMMetry", 0, 100, 100, "PCT")
    pulse_hold = Setting(f"{_FUNCTION}:PULSe:HOLD", Choice("WIDTh", "DCYCle"))
    leading_s = clipped(f"{_FUNCTION}:PULSe:TRANsition:LEADing", 8.4e-9, 1e-6, 10e-9, "S")
    trailing_s = clipped(f"{_FUNCTION}:PULSe:TRANsition:TRAiling", 8.4e-9, 1e-6, 10e-9, "S")
    noise_Hz = clipped(f"{_FUNCTION}:NOISe:BANDwidth", 1e-3, 20e6, 100e3, "HZ")
    bit_rate = clipped(f"{_FUNCTION}:PRBS:BRATe", 1e-3, 50e6, 1e3)
    bit_sequence = Setting(f"{_FUNCTION}:PRBS:DATA", Choice("PN7", "PN9", "PN11", "PN15", "PN20", "PN23"))
    bit_edge_s = clipped(f"{_FUNCTION}:PRBS:TRANsition[:BOTH]", 8.4e-9, 1e-6, 8.4e-9, "S")
    rate_coupled = Setting(f"{SOURCE}:RATE:COUPle[:STATe]", Boolean())
    tracking = Setting(f"{SOURCE}:TRACk", Choice("OFF", "ON", "INVerted"))
    combined = Setting(f"{SOURCE}:COMBine:FEED", Choice("NONE", "CH1", "CH2"))

    def function(self, channel: int) -> str:
        """Function of a channel, in short."""
        return self.shape.get(channel)

    @property
    def _times(self) -> dict[tuple[str, int], float]:
        times: dict[tuple[str, int], float] = vars(self).setdefault("_time_store", {})
        return times

    def reset(self) -> None:
        """``*RST``: frequencies and widths to default too."""
        super().reset()
        self._times.clear()

    @shape.changed
    def _shape_changed(self, shape: str, channel: int) -> None:
        """A frequency that the new function cannot reach is reduced, an offset without room moves (-221)."""
        if self.frequency_Hz(channel) > self._fastest_Hz(channel):
            self._times["frequency", channel] = self._fastest_Hz(channel)
            self.report(ScpiError(-221, "frequency reduced for the function"))
        self.set_levels(channel, self.amplitude_Vpp(channel), self.offset_V(channel))
        self.shape_follows(channel)

    def change_shape(self, channel: int, shape: str) -> None:
        """Choose a function."""
        self.shape.set(shape, channel)
        self._shape_changed(shape, channel)

    def shape_follows(self, channel: int) -> None:
        """Called when the function changed: what it does not allow is switched off."""

    def frequency_Hz(self, channel: int) -> float:
        """Frequency of a channel."""
        return self._times.get(("frequency", channel), _DEFAULT_Hz)

    def _fastest_Hz(self, channel: int) -> float:
        return self.fastest_Hz.get(self.shape.get(channel), self.fastest_sine_Hz)

    def set_frequency(self, channel: int, given: Given) -> None:
        """Set a frequency, clipped to what the function reaches; coupled channels follow."""
        most = self._fastest_Hz(channel)
        words = {"MIN": _LEAST_Hz, "MAX": most, "DEF": _DEFAULT_Hz}
        frequency = words[given] if isinstance(given, str) else clip(self, given[0], _LEAST_Hz, most)
        self._times["frequency", channel] = frequency
        if self.frequency_coupled.get(1):
            other = 3 - channel
            sign = 1 if channel == 1 else -1
            ratio, offset = self.frequency_ratio.get(1) ** sign, sign * self.frequency_offset_Hz.get(1)
            coupled = frequency * ratio if self.frequency_coupling.get(1) == "RAT" else frequency + offset
            self._times["frequency", other] = clip(self, coupled, _LEAST_Hz, self._fastest_Hz(other))

    @command(f"{_FREQUENCY}[:CW]", Level("HZ"))
    @command(f"{_FREQUENCY}:FIXed", Level("HZ"))
    def _set_frequency(self, channel: int, given: Given) -> None:
        self.set_frequency(channel, given)

    @query(f"{_FREQUENCY}[:CW]", LIMIT)
    @query(f"{_FREQUENCY}:FIXed", LIMIT)
    def _frequency(self, channel: int, limit: str) -> str:
        words = {"MIN": _LEAST_Hz, "MAX": self._fastest_Hz(channel), "DEF": _DEFAULT_Hz}
        return exact(words[limit] if limit else self.frequency_Hz(channel))

    @command(f"{_FREQUENCY}:CENTer", Level("HZ"))
    def _set_center(self, channel: int, given: Given) -> None:
        self._set_span(
            channel, self._number(given, 550), self.stop_Hz.get(channel) - self.start_Hz.get(channel)
        )

    @query(f"{_FREQUENCY}:CENTer")
    def _center(self, channel: int) -> str:
        return exact((self.stop_Hz.get(channel) + self.start_Hz.get(channel)) / 2)

    @command(f"{_FREQUENCY}:SPAN", Level("HZ"))
    def _set_span_command(self, channel: int, given: Given) -> None:
        center = (self.stop_Hz.get(channel) + self.start_Hz.get(channel)) / 2
        self._set_span(channel, center, self._number(given, 900))

    @query(f"{_FREQUENCY}:SPAN")
    def _span(self, channel: int) -> str:
        return exact(self.stop_Hz.get(channel) - self.start_Hz.get(channel))

    def _set_span(self, channel: int, center: float, span: float) -> None:
        self.start_Hz.set(clip(self, center - span / 2, _LEAST_Hz, self.fastest_sine_Hz), channel)
        self.stop_Hz.set(clip(self, center + span / 2, _LEAST_Hz, self.fastest_sine_Hz), channel)

    def _number(self, given: Given, default: float) -> float:
        words = {"MIN": _LEAST_Hz, "MAX": self.fastest_sine_Hz, "DEF": default}
        return words[given] if isinstance(given, str) else given[0]

    @command(f"{_FUNCTION}:PULSe:PERiod", Level("S"))
    @command(f"{_FUNCTION}:SQUare:PERiod", Level("S"))
    def _set_period(self, channel: int, given: Given) -> None:
        """The period is that of all functions."""
        words = {"MIN": "MAX", "MAX": "MIN", "DEF": "DEF"}
        self.set_frequency(
            channel, words[given] if isinstance(given, str) else (1 / max(given[0], 1e-12), "")
        )

    @query(f"{_FUNCTION}:PULSe:PERiod")
    @query(f"{_FUNCTION}:SQUare:PERiod")
    def _period(self, channel: int) -> str:
        return exact(1 / self.frequency_Hz(channel))

    @command(f"{_FUNCTION}:PULSe:WIDTh", Level("S"))
    def _set_width(self, channel: int, given: Given) -> None:
        low, high = 16e-9, 1 / self.frequency_Hz(channel) - 16e-9
        words = {"MIN": low, "MAX": high, "DEF": 100e-6}
        self._times["width", channel] = clip(
            self, words[given] if isinstance(given, str) else given[0], low, high
        )
        self._times.pop(("duty", channel), None)

    @query(f"{_FUNCTION}:PULSe:WIDTh", LIMIT)
    def _width(self, channel: int, limit: str) -> str:
        period = 1 / self.frequency_Hz(channel)
        words = {"MIN": 16e-9, "MAX": period - 16e-9, "DEF": 100e-6}
        return exact(words[limit] if limit else self._width_s(channel))

    def _width_s(self, channel: int) -> float:
        period = 1 / self.frequency_Hz(channel)
        if ("duty", channel) in self._times:
            return self._times["duty", channel] / 100 * period
        return min(self._times.get(("width", channel), 100e-6), max(period - 16e-9, 16e-9))

    @command(f"{_FUNCTION}:PULSe:DCYCle", Level("PCT"))
    def _set_duty(self, channel: int, given: Given) -> None:
        words = {"MIN": 0.01, "MAX": 99.99, "DEF": 10.0}
        duty = clip(self, words[given] if isinstance(given, str) else given[0], 0.01, 99.99)
        self._times["duty", channel] = duty

    @query(f"{_FUNCTION}:PULSe:DCYCle")
    def _duty(self, channel: int) -> str:
        return exact(100 * self._width_s(channel) * self.frequency_Hz(channel))

    @command(f"{_FUNCTION}:PULSe:TRANsition[:BOTH]", Level("S"))
    def _set_edges(self, channel: int, given: Given) -> None:
        words = {"MIN": 8.4e-9, "MAX": 1e-6, "DEF": 10e-9}
        edge = clip(self, words[given] if isinstance(given, str) else given[0], 8.4e-9, 1e-6)
        self.leading_s.set(edge, channel)
        self.trailing_s.set(edge, channel)

    @query(f"{_FUNCTION}:PULSe:TRANsition[:BOTH]")
    def _edges(self, channel: int) -> str:
        return exact(self.leading_s.get(channel))
