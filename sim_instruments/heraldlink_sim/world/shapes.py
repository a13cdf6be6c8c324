# SPDX-License-Identifier: Apache-2.0
"""What a waveform's bytes do: marker edges, marker windows, pump pulses, and how they turn a qubit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.carving import transmission
from heraldlink_physics.device import Carver, Qubit
from heraldlink_sim.world.drives import passage, segments
from heraldlink_sim.world.qubits import Real
from heraldlink_sim.world.rack import MARKER_1, MARKER_2, Waveform

T = TypeVar("T")
Passing = tuple[int, int, float, float, Qubit]
"""Begin and end (samples), sample rate (Hz), amplitude (Vpp) and qubit of a `passage`."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Edges of one waveform, in samples.

    ``rises_1``: rising edges of marker 1, int64[k]; a marker that is high at the first sample rises there
    unless it is still high at the last one. ``windows_1``, ``windows_2``: int64[k, 2], begin and end of the
    high times of markers 1 and 2.
    """

    length: int
    rises_1: NDArray[np.int64]
    windows_1: NDArray[np.int64]
    windows_2: NDArray[np.int64]
    silent: bool


def shape_of(waveform: Waveform) -> Shape:
    """Find the edges of a waveform."""
    windows_1, windows_2 = _windows(waveform, MARKER_1), _windows(waveform, MARKER_2)
    wraps = len(windows_1) > 0 and windows_1[0, 0] == 0 and windows_1[-1, 1] == len(waveform.markers)
    rises = windows_1[1:, 0] if wraps else windows_1[:, 0]
    return Shape(len(waveform.samples), rises, windows_1, windows_2, not np.any(waveform.samples))


def _windows(waveform: Waveform, bit: np.uint8) -> NDArray[np.int64]:
    high = np.zeros(len(waveform.markers) + 2, dtype=np.int8)
    high[1:-1] = (waveform.markers & bit) != 0
    steps = np.diff(high)
    return np.stack([np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)], axis=1).astype(np.int64)


class ShapeBook:
    """What was computed from waveforms, once per waveform object and setting."""

    def __init__(self) -> None:
        self._shapes: WeakKeyDictionary[Waveform, Shape] = WeakKeyDictionary()
        self._open: WeakKeyDictionary[Waveform, dict[tuple[Carver, float, float], float]] = (
            WeakKeyDictionary()
        )
        self._centres: WeakKeyDictionary[Waveform, dict[tuple[int, int, Carver, float], float]] = (
            WeakKeyDictionary()
        )
        self._segments: WeakKeyDictionary[Waveform, dict[int, list[tuple[int, int]]]] = WeakKeyDictionary()
        self._passages: WeakKeyDictionary[Waveform, dict[Passing, Real]] = WeakKeyDictionary()

    def shape(self, waveform: Waveform) -> Shape:
        """Return the waveform's edges."""
        return _remembered(self._shapes, waveform, lambda: shape_of(waveform))

    def segments(self, waveform: Waveform, silence: int) -> list[tuple[int, int]]:
        """Return the stretches of samples that ``silence`` zeros separate."""
        found = _remembered(self._segments, waveform, lambda: dict[int, list[tuple[int, int]]]())
        if silence not in found:
            found[silence] = segments(waveform.samples, silence)
        return found[silence]

    def passage(self, waveform: Waveform | None, passing: Passing) -> Real:
        """Return what the waveform (None: silence) does to a qubit, see `heraldlink_sim.world.drives`."""
        if waveform is None:
            return passage(None, *passing)
        passages = _remembered(self._passages, waveform, lambda: dict[Passing, Real]())
        if passing not in passages:
            passages[passing] = passage(waveform, *passing)
        return passages[passing]

    def centre(self, waveform: Waveform, first: int, last: int, carver: Carver, Vpp: float) -> float:
        """Return where the light carved by samples ``first`` <= k < ``last`` has its mean, in samples."""
        centres = _remembered(self._centres, waveform, lambda: dict[tuple[int, int, Carver, float], float]())
        key = (first, last, carver, Vpp)
        if key not in centres:
            light = transmission(carver, waveform.samples[first:last].astype(np.float64) * (Vpp / 2))
            centres[key] = first + 0.5 + float(light @ np.arange(last - first)) / float(light.sum())
        return centres[key]

    def open_s(self, waveform: Waveform, carver: Carver, amplitude_Vpp: float, rate_Hz: float) -> float:
        """Return the integral of the carver's transmission above its floor while the waveform plays, s."""
        opened = _remembered(self._open, waveform, lambda: dict[tuple[Carver, float, float], float]())
        key = (carver, amplitude_Vpp, rate_Hz)
        if key not in opened:
            envelope_V = waveform.samples.astype(np.float64) * (amplitude_Vpp / 2)
            opened[key] = float(transmission(carver, envelope_V).sum()) / rate_Hz
        return opened[key]


def _remembered(book: WeakKeyDictionary[Waveform, T], waveform: Waveform, make: Callable[[], T]) -> T:
    found = book.get(waveform)
    if found is None:
        found = book[waveform] = make()
    return found
