# SPDX-License-Identifier: Apache-2.0
"""Arbitrary waveforms and sequences of a Keysight 33512B, in the volatile memory of each channel.

Points come as numbers or blocks: float32 in -1..1 (``DATA:ARBitrary``) or 16 bit words in -32767..32767
(``DATA:ARBitrary:DAC``), in the byte order of ``FORMat:BORDer`` (NORMal: most significant first). Limits: 8
to 1,000,000 points (option MEM has 16,000,000), names of 12 characters in other models, 40 here [?]. Error
numbers of the family: 786 for a name that exists in volatile memory [?]. Source: Agilent 33500 Series
Operating and Service Guide, public drivers.
"""

from pathlib import PureWindowsPath
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.faces.keysight_33512b_functions import Given
from heraldlink_sim.faces.keysight_33512b_kinds import LIMIT, Level, clip, clipped, exact
from heraldlink_sim.faces.keysight_33512b_levels import SOURCE
from heraldlink_sim.faces.keysight_33512b_modulation import ModulationCommands33500
from heraldlink_sim.scpi import Block, Choice, Number, Rest, ScpiError, Setting, Text, command, query
from heraldlink_sim.scpi.lexer import Argument

_ARB = f"{SOURCE}:FUNCtion:ARBitrary"
_DATA = f"{SOURCE}:DATA"
_NAME = Text(bare=True, longest=260)
_FULL_DAC = 32767
_BUILT_IN = r"INT:\BUILTIN\EXP_RISE.arb"
SHAPES = (
    "CARDIAC",
    "D_LORENTZ",
    "EXP_FALL",
    "EXP_RISE",
    "GAUSSIAN",
    "HAVERSINE",
    "LORENTZ",
    "NEG_RAMP",
    "SINC",
)
_POINTS_BUILT_IN = 4000
_HEADER_WORDS = {"once": 0, "onceWaitTrig": 1, "repeat": 2, "repeatInf": 3, "repeatTilTrig": 4}
Points = NDArray[np.float32]


class Point:
    """One point as a number, or a block of them."""

    def __init__(self, most: float) -> None:
        self._number = Number(-most, most)

    def parse(self, argument: Argument) -> float | bytes:
        """The number or the payload; raises ScpiError."""
        return Block().parse(argument) if argument.kind == "block" else self._number.parse(argument)


class ArbitraryCommands33500(ModulationCommands33500):
    """Volatile memory per channel; files of the disk are read by :meth:`file_points`."""

    most_points: ClassVar[int] = 1_000_000
    least_points: ClassVar[int] = 8

    arb_advance = Setting(f"{_ARB}:ADVance", Choice("SRATe", "TRIGger"))
    arb_filter = Setting(f"{_ARB}:FILTer", Choice("STEP", "NORMal", "OFF"))
    sample_rate = clipped(f"{_ARB}:SRATe", 1e-6, 160e6, 40e3)
    byte_order = Setting("FORMat:BORDer", Choice("NORMal", "SWAPped"))

    @property
    def volatile(self) -> dict[int, dict[str, Points]]:
        """Waveforms by channel and name, in capitals as a device answers them (PyMeasure's tests)."""
        store: dict[int, dict[str, Points]] = vars(self).setdefault("_volatile_store", {1: {}, 2: {}})
        return store

    @property
    def sequences(self) -> dict[int, dict[str, bytes]]:
        """Sequences by channel and name."""
        store: dict[int, dict[str, bytes]] = vars(self).setdefault("_sequence_store", {1: {}, 2: {}})
        return store

    def file_points(self, path: str) -> Points:
        """Points of a file on the disk; raises ScpiError."""
        raise ScpiError(-256, path)

    def points(self, channel: int, name: str) -> Points:
        """Points of a waveform in volatile memory, built in, or on the disk; raises ScpiError."""
        for held, points in self.volatile[channel].items():
            if held.upper() == name.upper():
                return points
        path = PureWindowsPath(name.upper())
        if "BUILTIN" in path.parts and path.stem in SHAPES:
            return built_in(path.stem)
        return self.file_points(name)

    @command(f"{_DATA}:ARBitrary", _NAME, Rest(Point(1)))
    def _load_levels(self, channel: int, name: str, given: list[float | bytes]) -> None:
        self._load(channel, name, self._gathered(given, "f4").astype(np.float32))

    @command(f"{_DATA}:ARBitrary:DAC", _NAME, Rest(Point(_FULL_DAC)))
    def _load_codes(self, channel: int, name: str, given: list[float | bytes]) -> None:
        self._load(channel, name, (self._gathered(given, "i2") / _FULL_DAC).astype(np.float32))

    def _gathered(self, given: list[float | bytes], form: str) -> NDArray[np.float64]:
        order = "<" if self.byte_order.get() == "SWAP" else ">"
        if isinstance(given[0], int | float):
            return np.array([one for one in given if not isinstance(one, bytes)], np.float64)
        if len(given) > 1:
            raise ScpiError(-108)
        dtype = np.dtype(order + form)
        if len(given[0]) % dtype.itemsize:
            raise ScpiError(-161, f"{len(given[0])} bytes")
        return np.frombuffer(given[0], dtype).astype(np.float64)

    def _load(self, channel: int, name: str, points: Points) -> None:
        if not self.least_points <= len(points) <= self.most_points:
            raise ScpiError(-222, f"{len(points)} points")
        if not np.isfinite(points).all() or np.abs(points).max() > 1 + 1e-6:
            raise ScpiError(-222, "a point is outside -1..1")
        if any(held.upper() == name.upper() for held in (*self.volatile[channel], *self.sequences[channel])):
            raise ScpiError(786, name, text="Specified arb waveform already exists")
        used = sum(len(held) for held in self.volatile[channel].values())
        if used + len(points) > self.most_points:
            raise ScpiError(-225, name)
        self.volatile[channel][name.upper()] = points

    @command(f"{_DATA}:SEQuence", Block())
    def _load_sequence(self, channel: int, payload: bytes) -> None:
        """``"name","arb",count,mode,marker,point`` for each step; all its waveforms must be in memory."""
        fields = payload.decode("latin-1").split(",")
        name, steps = fields[0].strip().strip('"'), fields[1:]
        if not name or not steps or len(steps) % 5:
            raise ScpiError(-161, "a step of a sequence has five parts")
        for place in range(0, len(steps), 5):
            if steps[place + 2].strip() not in _HEADER_WORDS:
                raise ScpiError(-224, steps[place + 2].strip())
            self.points(channel, steps[place].strip().strip('"'))
        self.sequences[channel][name.upper()] = payload

    @query(f"{_DATA}:SEQuence:CATalog")
    def _sequence_names(self, channel: int) -> str:
        return ",".join(_NAME.format(name) for name in self.sequences[channel]) or '""'

    @query(f"{_DATA}:VOLatile:CATalog")
    def _volatile_names(self, channel: int) -> str:
        names = [_BUILT_IN, *self.volatile[channel], *self.sequences[channel]]
        return ",".join(_NAME.format(name) for name in names)

    @query(f"{_DATA}:VOLatile:FREE")
    def _free_points(self, channel: int) -> int:
        return self.most_points - sum(len(points) for points in self.volatile[channel].values())

    @command(f"{_DATA}:VOLatile:CLEar")
    def _clear_volatile(self, channel: int) -> None:
        """The built-in exponential rise is played again."""
        self.volatile[channel].clear()
        self.sequences[channel].clear()
        self._chosen.pop(channel, None)

    @query(f"{_DATA}:ATTRibute:POINts", _NAME)
    def _attribute_points(self, channel: int, name: str) -> int:
        return len(self.points(channel, name))

    @query(f"{_DATA}:ATTRibute:AVERage", _NAME)
    def _attribute_average(self, channel: int, name: str) -> str:
        return exact(float(self.points(channel, name).mean()))

    @query(f"{_DATA}:ATTRibute:PTPeak", _NAME)
    def _attribute_peaks(self, channel: int, name: str) -> str:
        return exact(float(np.ptp(self.points(channel, name))) / 2)

    @query(f"{_DATA}:ATTRibute:CFACtor", _NAME)
    def _attribute_crest(self, channel: int, name: str) -> str:
        points = self.points(channel, name).astype(np.float64)
        rms = float(np.sqrt(np.mean(points**2)))
        return exact(float(np.abs(points).max()) / rms if rms else 0.0)

    @command(_ARB, _NAME)
    def _choose(self, channel: int, name: str) -> None:
        if name.upper() not in self.sequences[channel]:
            self.points(channel, name)
        self._chosen[channel] = name.upper()

    @query(_ARB)
    def _choice(self, channel: int) -> str:
        return _NAME.format(self.chosen(channel))

    @property
    def _chosen(self) -> dict[int, str]:
        chosen: dict[int, str] = vars(self).setdefault("_chosen_store", {})
        return chosen

    def chosen(self, channel: int) -> str:
        """Name of the waveform that the function ARB plays."""
        return self._chosen.get(channel, _BUILT_IN)

    def reset(self) -> None:
        """``*RST``: volatile memory is cleared."""
        super().reset()
        for channel in (1, 2):
            self._clear_volatile(channel)

    @query(f"{_ARB}:POINts")
    def _chosen_points(self, channel: int) -> int:
        if self.chosen(channel) in self.sequences[channel]:
            return 0
        return len(self.points(channel, self.chosen(channel)))

    @command(f"{_ARB}:FREQuency", Level("HZ"))
    def _set_arb_frequency(self, channel: int, given: Given) -> None:
        """Repetitions per second: the sample rate follows."""
        points = max(self._chosen_points(channel), 1)
        rate = (
            given[0] * points
            if not isinstance(given, str)
            else {"MIN": 1e-6, "MAX": 160e6, "DEF": 40e3}[given]
        )
        self.sample_rate.set(clip(self, rate, 1e-6, 160e6), channel)

    @query(f"{_ARB}:FREQuency")
    def _arb_frequency(self, channel: int) -> str:
        return exact(self.sample_rate.get(channel) / max(self._chosen_points(channel), 1))

    @command(f"{_ARB}:PERiod", Level("S"))
    def _set_arb_period(self, channel: int, given: Given) -> None:
        words = {"MIN": "MAX", "MAX": "MIN", "DEF": "DEF"}
        self._set_arb_frequency(
            channel, words[given] if isinstance(given, str) else (1 / max(given[0], 1e-12), "")
        )

    @query(f"{_ARB}:PERiod")
    def _arb_period(self, channel: int) -> str:
        return exact(max(self._chosen_points(channel), 1) / self.sample_rate.get(channel))

    @command(f"{_ARB}:PTPeak", Level("V"))
    def _set_arb_peaks(self, channel: int, given: Given) -> None:
        self.set_levels(channel, self.amplitude_from(channel, given), self.offset_V(channel))

    @query(f"{_ARB}:PTPeak", LIMIT)
    def _arb_peaks(self, channel: int, limit: str) -> str:
        return exact(self.amplitude_from(channel, limit) if limit else self.amplitude_Vpp(channel))


def built_in(shape: str) -> Points:
    """One of the waveforms that come with the instrument, in 4000 points; shapes by their names [?]."""
    turns = np.arange(_POINTS_BUILT_IN) / _POINTS_BUILT_IN
    centred = 20 * (turns - 0.5)
    shapes: dict[str, NDArray[np.float64]] = {
        "EXP_RISE": 1 - 2 * np.exp(-6 * turns),
        "EXP_FALL": 2 * np.exp(-6 * turns) - 1,
        "NEG_RAMP": 1 - 2 * turns,
        "HAVERSINE": -np.cos(2 * np.pi * turns),
        "GAUSSIAN": 2 * np.exp(-0.5 * centred**2) - 1,
        "LORENTZ": 2 / (1 + centred**2) - 1,
        "D_LORENTZ": -2 * centred / (1 + centred**2),
        "SINC": np.sinc(centred),
        "CARDIAC": np.exp(-0.5 * (8 * centred) ** 2) - 0.2 * np.exp(-0.5 * (2 * centred - 4) ** 2),
    }
    return shapes[shape].astype(np.float32)
