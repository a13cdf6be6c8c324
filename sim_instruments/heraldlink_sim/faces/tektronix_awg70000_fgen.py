# SPDX-License-Identifier: Apache-2.0
"""The function generator mode of an AWG70000 or AWG5200, and the waveforms that it implies.

Source: QCoDeS' AWG70000A driver (ranges, words), AWG70000 programmer manual as tm_devices lists its commands.
The world is given one step of infinite repeat that holds one period of the slowest channel; faster channels
are drawn with the nearest whole number of periods in it.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.faces.tektronix_awg70000_levels import dbm_to_vpp, vpp_to_dbm
from heraldlink_sim.faces.tektronix_awg70000_trigger import TriggerCommands
from heraldlink_sim.scpi import Choice, Number, ScpiError, Setting, command, nr3, query
from heraldlink_sim.world.rack import ProgramStep, Waveform

FUNCTION = "FGEN:CHANnel<channel>"
_LONGEST = 100_000  # samples of a drawn period
_NOISE_SEED = 70_002
Key = tuple[str, float, float, float, int, int]
Turns = NDArray[np.float64]


class FunctionCommands(TriggerCommands):
    """``FGEN`` settings per channel; in this mode ``OUTPut`` and ``AWGControl:RUN`` act as ever."""

    fastest_sine_Hz: ClassVar[float] = 12.5e9
    largest_function_Vpp: ClassVar[float] = 0.5
    largest_function_offset_V: ClassVar[float] = 0.25

    mode = Setting("INSTrument:MODE", Choice("AWG", "FGEN"))
    fgen_amplitude_Vpp = Setting(
        f"{FUNCTION}:AMPLitude[:VOLTage]", Number(0, 1.5, default=0.5, unit="V", form=nr3)
    )
    fgen_offset_V = Setting(f"{FUNCTION}:OFFSet", Number(-2, 2, default=0, unit="V", form=nr3))
    fgen_frequency_Hz = Setting(
        f"{FUNCTION}:FREQuency", Number(1, 12.5e9, default=1.2e6, unit="HZ", form=nr3)
    )
    fgen_level_V = Setting(f"{FUNCTION}:DCLevel", Number(-2, 2, default=0, unit="V", form=nr3))
    fgen_path = Setting(f"{FUNCTION}:PATH", Choice("DIRect", "DCAMplified", "AC"))
    fgen_phase_deg = Setting(f"{FUNCTION}:PHASe", Number(-180, 180, default=0, unit="DEG", form=nr3))
    fgen_symmetry = Setting(f"{FUNCTION}:SYMMetry", Number(0, 100, default=100, unit="PCT", form=nr3))
    fgen_type = Setting(
        f"{FUNCTION}:TYPE",
        Choice(
            "SINE", "SQUare", "TRIangle", "NOISe", "DC", "GAUSsian", "GAUSS", "EXPRise", "EXPDecay", "NONE",
            answers={"GAUS": "GAUSS"},
        ),
    )  # fmt: skip

    @fgen_amplitude_Vpp.guard
    def _check_function_amplitude(self, value: float, channel: int) -> None:
        if value > self.largest_function_Vpp:
            raise ScpiError(-222, f"{value:g} V")

    @fgen_offset_V.guard
    def _check_function_offset(self, value: float, channel: int) -> None:
        if abs(value) > self.largest_function_offset_V:
            raise ScpiError(-222, f"{value:g} V")

    @fgen_level_V.guard
    def _check_function_level(self, value: float, channel: int) -> None:
        self._check_function_offset(value, channel)

    @fgen_frequency_Hz.guard
    def _check_frequency(self, value: float, channel: int) -> None:
        half = 1 if self.fgen_type.get(channel) in ("SINE", "SQU") else 2
        if value > self.fastest_sine_Hz / half:
            raise ScpiError(-222, f"{value:g} Hz")

    @query(f"{FUNCTION}:PERiod")
    def _period(self, channel: int) -> str:
        return nr3(1 / self.fgen_frequency_Hz.get(channel))

    @command(f"{FUNCTION}:AMPLitude:POWer", Number(-60, 30, unit="DBM"))
    def _set_function_power(self, channel: int, value: float) -> None:
        amplitude_Vpp = dbm_to_vpp(value)
        self._check_function_amplitude(amplitude_Vpp, channel)
        self.fgen_amplitude_Vpp.set(amplitude_Vpp, channel)

    @query(f"{FUNCTION}:AMPLitude:POWer")
    def _function_power(self, channel: int) -> str:
        return nr3(vpp_to_dbm(max(self.fgen_amplitude_Vpp.get(channel), 1e-6)))

    @command(f"{FUNCTION}:HIGH", Number(-5, 5, unit="V"))
    def _set_function_high(self, channel: int, value: float) -> None:
        self._set_function_extremes(channel, self._function_extremes(channel)[0], value)

    @query(f"{FUNCTION}:HIGH")
    def _function_high(self, channel: int) -> str:
        return nr3(self._function_extremes(channel)[1])

    @command(f"{FUNCTION}:LOW", Number(-5, 5, unit="V"))
    def _set_function_low(self, channel: int, value: float) -> None:
        self._set_function_extremes(channel, value, self._function_extremes(channel)[1])

    @query(f"{FUNCTION}:LOW")
    def _function_low(self, channel: int) -> str:
        return nr3(self._function_extremes(channel)[0])

    def _function_extremes(self, channel: int) -> tuple[float, float]:
        half, middle = self.fgen_amplitude_Vpp.get(channel) / 2, self.fgen_offset_V.get(channel)
        return middle - half, middle + half

    def _set_function_extremes(self, channel: int, low: float, high: float) -> None:
        if high < low:
            raise ScpiError(-222, f"{low:g}..{high:g} V")
        self._check_function_amplitude(high - low, channel)
        self._check_function_offset((high + low) / 2, channel)
        self.fgen_amplitude_Vpp.set(high - low, channel)
        self.fgen_offset_V.set((high + low) / 2, channel)

    def function_program(self) -> tuple[float, tuple[ProgramStep, ...]]:
        """Sample rate (Hz) and the one step that the functions come to."""
        frequencies_Hz = [self.fgen_frequency_Hz.get(n) for n in range(1, self.channels + 1)]
        slowest_Hz = min(frequencies_Hz)
        length = max(2, min(_LONGEST, round(self.rate_limits_Hz[1] / slowest_Hz)))
        waveforms = tuple(
            self._drawn(channel, length, max(1, round(frequency_Hz / slowest_Hz)))
            for channel, frequency_Hz in enumerate(frequencies_Hz, start=1)
        )
        return slowest_Hz * length, (ProgramStep(waveforms, repeat=None),)

    def _drawn(self, channel: int, length: int, periods: int) -> Waveform | None:
        kind, amplitude_Vpp = self.fgen_type.get(channel), self.fgen_amplitude_Vpp.get(channel)
        if kind == "NONE":
            return None
        level = 2 * self.fgen_level_V.get(channel) / amplitude_Vpp if amplitude_Vpp else 0.0
        key = (
            kind,
            self.fgen_phase_deg.get(channel),
            self.fgen_symmetry.get(channel),
            level,
            length,
            periods,
        )
        kept = self._drawings.get(channel)
        if kept is None or kept[0] != key:
            kept = self._drawings[channel] = (key, drawn(*key))
        return kept[1]

    @property
    def _drawings(self) -> dict[int, tuple[Key, Waveform]]:
        drawings: dict[int, tuple[Key, Waveform]] = vars(self).setdefault("_drawing_store", {})
        return drawings


def drawn(kind: str, phase_deg: float, symmetry: float, level: float, length: int, periods: int) -> Waveform:
    """``periods`` of a function in ``length`` samples, in -1..1 of half its amplitude, with no markers."""
    turns = (np.arange(length) * periods / length + phase_deg / 360) % 1
    samples = np.clip(_shape(kind, turns, symmetry / 100, level), -1, 1).astype(np.float32)
    markers = np.zeros(length, np.uint8)
    samples.flags.writeable = markers.flags.writeable = False
    return Waveform(samples, markers)


def _shape(kind: str, turns: Turns, symmetry: float, level: float) -> Turns:
    if kind == "DC":
        return np.full(len(turns), level)
    if kind == "TRI":
        return _triangle(turns, symmetry)
    return _SHAPES[kind](turns)


def _gaussian(turns: Turns) -> Turns:
    return 2 * np.exp(-0.5 * ((turns - 0.5) / 0.1) ** 2) - 1


_SHAPES: Mapping[str, Callable[[Turns], Turns]] = {
    "SINE": lambda turns: np.sin(2 * np.pi * turns),
    "SQU": lambda turns: np.where(turns < 0.5, 1.0, -1.0),
    "GAUS": _gaussian,
    "GAUSS": _gaussian,
    "EXPR": lambda turns: 1 - 2 * np.exp(-5 * turns),
    "EXPD": lambda turns: 2 * np.exp(-5 * turns) - 1,
    "NOIS": lambda turns: np.random.default_rng(_NOISE_SEED).normal(0, 0.25, len(turns)),
}


def _triangle(turns: Turns, symmetry: float) -> Turns:
    """Rises for the part ``symmetry`` of a period, falls for the rest."""
    rise = np.where(turns < symmetry, turns / max(symmetry, 1e-9), (1 - turns) / max(1 - symmetry, 1e-9))
    return 2 * rise - 1
