# SPDX-License-Identifier: Apache-2.0
"""``WLISt:WAVeform`` commands that compute on a waveform in the list, and the notes beside it.

Source: AWG70000 programmer manual, as tm_devices lists its commands. Markers follow their samples when these
move. [?] how the instrument interpolates when it resamples: here linearly, markers by the nearest sample.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.faces.tektronix_awg70000_assets import Samples, StoredWaveform
from heraldlink_sim.faces.tektronix_awg70000_hints import HintCommands
from heraldlink_sim.faces.tektronix_awg70000_kinds import NAME
from heraldlink_sim.faces.tektronix_awg70000_waveforms import LONGEST
from heraldlink_sim.scpi import Boolean, Choice, Integer, Number, ScpiError, Setting, Text, command, query

_DEGREES = Number(-360, 360, unit="DEG")


class ArithmeticCommands(HintCommands, ABC):
    """Changes waveforms where they are."""

    default_format = Setting("WLISt:SPARameter:SFORmat", Choice("REAL", "I", "Q", "IQ"))

    @command("WLISt:WAVeform:INVert", NAME)
    def _invert(self, name: str) -> None:
        """Mirror about the mean of the extremes, so that an offset stays."""
        self._change(name, lambda values: values.max() + values.min() - values)

    @command("WLISt:WAVeform:SCALe", NAME, Number())
    def _scale(self, name: str, factor: float) -> None:
        self._change(name, lambda values: values * factor)

    @command("WLISt:WAVeform:AOFFset", NAME, Number(-2, 2))
    def _add_offset(self, name: str, offset: float) -> None:
        self._change(name, lambda values: values + offset)

    @command("WLISt:WAVeform:NORMalize", NAME, Choice("FSCale", "ZREFerence"))
    def _normalize(self, name: str, how: str) -> None:
        """Fill the range -1..1; with ZREFerence zero stays where it is."""
        self._change(name, full_scale if how == "FSC" else about_zero)

    @command("WLISt:WAVeform:REVerse", NAME)
    def _reverse(self, name: str) -> None:
        self._move(name, lambda values: values[::-1])

    @command("WLISt:WAVeform:SHIFt", NAME, _DEGREES)
    @command("WLISt:WAVeform:ROTate", NAME, _DEGREES)
    @command("WLISt:WAVeform:ROTate:DEGRees", NAME, _DEGREES)
    def _rotate(self, name: str, degrees: float) -> None:
        self._rotate_points(name, round(len(self.waveform(name)) * degrees / 360))

    @command("WLISt:WAVeform:ROTate:POINts", NAME, Integer(-LONGEST, LONGEST))
    def _rotate_points(self, name: str, points: int) -> None:
        """Take the end and put it in front."""
        self._move(name, lambda values: np.roll(values, points))

    @command("WLISt:WAVeform:RESample", NAME, Integer(1, LONGEST))
    def _resample(self, name: str, size: int) -> None:
        if size < self.shortest or size % self.granularity:
            raise ScpiError(-222, f"{size} samples")
        old = self.waveform(name)
        places = np.linspace(0, len(old), size, endpoint=False)
        nearest = np.minimum(places.astype(np.int64), len(old) - 1)
        grid = np.arange(len(old))

        def stretched(values: Samples) -> Samples:
            return np.interp(places, grid, values).astype(np.float32)

        other = stretched(old.component("Q")) if old.kind == "IQ" else None
        resampled = StoredWaveform(name, stretched(old.component("I")), old.all_markers()[nearest], 0, other)
        self._put(old, resampled)

    @command("WLISt:WAVeform:SDCorrection", NAME, Number(0, 50e9, unit="HZ"))
    def _correct_distortion(self, name: str, end_Hz: float) -> None:
        """Lift the spectrum against the DAC's sin(x)/x, up to ``end_Hz``."""
        rate_Hz = self.waveform(name).hints.sample_rate_Hz or self.present_rate_Hz()
        self._change(name, lambda values: lifted(values, rate_Hz, end_Hz))

    @command("WLISt:WAVeform:MIQ", NAME, NAME)
    def _make_iq(self, in_phase: str, quadrature: str) -> None:
        """One IQ waveform of two real ones; its name is that of the first with ``_IQ`` [?]."""
        first, second = self.waveform(in_phase), self.waveform(quadrature)
        if len(first) != len(second) or "IQ" in (first.kind, second.kind):
            raise ScpiError(-221, f"{in_phase!r} and {quadrature!r} cannot be combined")
        made = StoredWaveform(
            f"{in_phase}_IQ", first.component().copy(), first.all_markers(), self.next_stamp(),
            second.component().copy(),
        )  # fmt: skip
        self.store(made)

    @command("WLISt:WAVeform:SFORmat", NAME, Choice("REAL", "I", "Q"))
    def _set_format(self, name: str, form: str) -> None:
        waveform = self.waveform(name)
        if waveform.kind == "IQ":
            raise ScpiError(-221, f"{name!r} is IQ")
        waveform.signal_format = form

    @query("WLISt:WAVeform:SFORmat", NAME)
    def _format(self, name: str) -> str:
        return self.waveform(name).signal_format

    @command("WLISt:WAVeform:ACFile", Text(), NAME)
    @command("WLISt:SPARameter:APPLy", Text())
    def _apply_file(self, path: str, name: str = "") -> None:
        """Correction files are not on this bench."""
        raise ScpiError(-256, path)

    use_gaussian = Setting("WLISt:WAVeform:ACFile:GAUSsian", Boolean())
    use_reverse_sinc = Setting("WLISt:WAVeform:ACFile:RSINc", Boolean())
    use_skew = Setting("WLISt:WAVeform:ACFile:SKEW", Boolean())

    @abstractmethod
    def present_rate_Hz(self) -> float:
        """Sample rate of the outputs."""

    def _change(self, name: str, function: Callable[[Samples], NDArray[np.floating]]) -> None:
        """Apply a function to the samples, of IQ waveforms to both components."""
        old = self.waveform(name)
        other = function(old.component("Q")).astype(np.float32) if old.kind == "IQ" else None
        samples = function(old.component("I")).astype(np.float32)
        self._put(old, StoredWaveform(name, samples, old.all_markers(), 0, other))

    def _move(self, name: str, function: Callable[[NDArray[np.generic]], NDArray[np.generic]]) -> None:
        """Apply a function to samples and markers alike."""
        old = self.waveform(name)
        other = function(old.component("Q")).astype(np.float32) if old.kind == "IQ" else None
        samples = function(old.component("I")).astype(np.float32)
        self._put(old, StoredWaveform(name, samples, function(old.all_markers()).astype(np.uint8), 0, other))

    def _put(self, old: StoredWaveform, new: StoredWaveform) -> None:
        new.stamp, new.hints = self.next_stamp(), replace(old.hints)
        self.waveforms[old.name] = new


def full_scale(values: Samples) -> NDArray[np.floating]:
    """Values stretched and shifted to fill -1..1; constants become zero."""
    low, high = float(values.min()), float(values.max())
    return np.zeros_like(values) if low == high else (2 * values - low - high) / (high - low)


def about_zero(values: Samples) -> NDArray[np.floating]:
    """Values stretched about zero until one of them reaches -1 or 1."""
    largest = float(np.abs(values).max())
    return values / largest if largest else values


def lifted(values: Samples, rate_Hz: float, end_Hz: float) -> NDArray[np.floating]:
    """Values whose spectrum is divided by sinc(f / rate) up to ``end_Hz``."""
    spectrum = np.fft.rfft(values)
    frequencies = np.fft.rfftfreq(len(values), 1 / rate_Hz)
    spectrum[frequencies <= end_Hz] /= np.sinc(frequencies[frequencies <= end_Hz] / rate_Hz)
    return np.fft.irfft(spectrum, len(values))
