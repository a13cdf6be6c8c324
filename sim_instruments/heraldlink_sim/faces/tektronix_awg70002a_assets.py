# SPDX-License-Identifier: Apache-2.0
"""Waveforms and sequences in the memory of an AWG70002A.

A waveform holds float32 samples (-1..1 is the full swing of a channel) and one byte of markers per sample
(bit 6 is marker 1, bit 7 marker 2). What the world is given of a waveform is one object until its bytes
change.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.scpi import ScpiError
from heraldlink_sim.world.rack import MARKER_1, MARKER_2, Waveform

NEXT, FIRST, LAST, END = "NEXT", "FIRS", "LAST", "END"
Target = int | str  # step number, or one of the four words
Input = Literal["ATR", "BTR", "ITR", "OFF"]

# DAC resolution leaves 10 - bits for markers (qcodes AWG70000A driver, _chan_resolution_docstrings)
_MARKERS_LEFT = {8: MARKER_1 | MARKER_2, 9: MARKER_1, 10: np.uint8(0)}


class StoredWaveform:
    """One entry of the waveform list; ``stamp`` counts the changes of the whole instrument."""

    def __init__(
        self, name: str, samples: NDArray[np.float32], markers: NDArray[np.uint8], stamp: int
    ) -> None:
        self.name, self.stamp = name, stamp
        self._samples, self._markers = samples, markers
        self._played: dict[int, Waveform] = {}

    def __len__(self) -> int:
        return len(self._samples)

    def samples(self, start: int, size: int) -> bytes:
        """float32 little endian from sample ``start`` (0-based)."""
        return self._samples[start : start + size].astype("<f4").tobytes()

    def markers(self, start: int, size: int) -> bytes:
        """One byte per sample."""
        return self._markers[start : start + size].tobytes()

    def write_samples(self, start: int, values: NDArray[np.float32], stamp: int) -> None:
        """Overwrite from ``start`` on; what was handed out before stays as it was."""
        if self._played:
            self._samples = self._samples.copy()
        self._samples[start : start + len(values)] = values
        self._touch(stamp)

    def write_markers(self, start: int, values: NDArray[np.uint8], stamp: int) -> None:
        """As :meth:`write_samples`."""
        if self._played:
            self._markers = self._markers.copy()
        self._markers[start : start + len(values)] = values
        self._touch(stamp)

    def played(self, resolution_bits: int) -> Waveform:
        """What the channel puts out: samples clipped to the DAC's range, and the markers it has bits for."""
        if resolution_bits not in self._played:
            samples = np.clip(self._samples, -1.0, 1.0)
            markers = self._markers & _MARKERS_LEFT[resolution_bits]
            samples.flags.writeable = markers.flags.writeable = False
            self._played[resolution_bits] = Waveform(samples, markers)
        return self._played[resolution_bits]

    def _touch(self, stamp: int) -> None:
        self.stamp = stamp
        self._played.clear()


@dataclass(slots=True)
class Track:
    """What one track of a step plays: a waveform or a subsequence."""

    name: str = ""
    sequence: bool = False


@dataclass(slots=True)
class SequenceStep:
    """One step as programmed; ``repeat`` None is infinite, targets count from 1."""

    tracks: list[Track]
    repeat: int | None = 1
    wait: Input = "OFF"
    event: Input = "OFF"
    jump_to: Target = NEXT
    goto: Target = NEXT
    flags: dict[tuple[int, str], str] = field(default_factory=dict[tuple[int, str], str])


@dataclass(slots=True)
class Sequence:
    """One entry of the sequence list."""

    name: str
    steps: list[SequenceStep]
    tracks: int
    stamp: int
    jump_at_end: bool = True

    def step(self, number: int) -> SequenceStep:
        """Step by number (1-based); raises ScpiError -222."""
        if not 1 <= number <= len(self.steps):
            raise ScpiError(-222, f"step {number} of {self.name}")
        return self.steps[number - 1]


def resolve(target: Target, steps: int) -> int | None:
    """Step number a target means in a sequence of ``steps``: None is the next, ``steps + 1`` the end."""
    if isinstance(target, int):
        return target
    return {NEXT: None, FIRST: 1, LAST: steps, END: steps + 1}[target]
