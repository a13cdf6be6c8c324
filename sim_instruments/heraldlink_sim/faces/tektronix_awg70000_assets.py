# SPDX-License-Identifier: Apache-2.0
"""Waveforms in the memory of an AWG70000 or AWG5200.

A waveform holds float32 samples (-1..1 is the full swing of a channel) and one byte of markers per sample.
Of an IQ waveform the second component is held too. What the world is given of a waveform is one object until
its bytes change.
"""

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.world.rack import MARKER_1, MARKER_2, Waveform

Component = Literal["", "I", "Q"]
Samples = NDArray[np.float32]
T = TypeVar("T", np.float32, np.uint8)

# A DAC resolution leaves bits for markers (qcodes AWG70000A driver, _chan_resolution_docstrings): 8 of 10
# bits leave two and 9 one; an AWG5200 has four at 12 of 16. Markers 3 and 4 (bits 4 and 5 of a marker byte)
# lead nowhere on the bench.
_MARKERS_LEFT = {
    8: MARKER_1 | MARKER_2, 9: MARKER_1, 10: np.uint8(0),
    12: MARKER_1 | MARKER_2, 13: MARKER_1 | MARKER_2, 14: MARKER_1 | MARKER_2, 15: MARKER_1, 16: np.uint8(0),
}  # fmt: skip


@dataclass(slots=True)
class Hints:
    """What is noted beside an asset and does not change how it is played; None was never set."""

    amplitude_Vpp: float | None = None
    offset_V: float | None = None
    frequency_Hz: float | None = None
    sample_rate_Hz: float | None = None


class StoredWaveform:
    """One entry of the waveform list; ``stamp`` counts the changes of the whole instrument.

    ``samples`` and ``markers`` are taken over as they are, without a copy; they may be read-only.
    """

    def __init__(
        self,
        name: str,
        samples: Samples,
        markers: NDArray[np.uint8],
        stamp: int,
        quadrature: Samples | None = None,
    ) -> None:
        self.name, self.stamp = name, stamp
        self.hints = Hints()
        self.signal_format = "REAL" if quadrature is None else "IQ"
        self._samples, self._markers, self._quadrature = samples, markers, quadrature
        self._played: dict[tuple[int, Component], Waveform] = {}

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def kind(self) -> str:
        """REAL or IQ."""
        return "REAL" if self._quadrature is None else "IQ"

    def component(self, component: Component = "") -> Samples:
        """All samples, of IQ waveforms those of one component; not to be written to."""
        if component == "Q" and self._quadrature is not None:
            return self._quadrature
        return self._samples

    def samples(self, start: int, size: int, component: Component = "") -> memoryview:
        """float32 little endian from sample ``start`` (0-based), without a copy."""
        part = self.component(component)[start : start + size]
        return np.ascontiguousarray(part, "<f4").view(np.uint8).data

    def markers(self, start: int, size: int) -> memoryview:
        """One byte per sample."""
        return np.ascontiguousarray(self._markers[start : start + size]).data

    def write_samples(self, start: int, values: Samples, stamp: int, component: Component = "") -> None:
        """Overwrite from ``start`` on; what was handed out before stays as it was."""
        if component == "Q":
            self._quadrature = _overwritten(self.component("Q"), start, values)
        else:
            self._samples = _overwritten(self._samples, start, values)
        self._touch(stamp)

    def write_markers(self, start: int, values: NDArray[np.uint8], stamp: int) -> None:
        """As :meth:`write_samples`."""
        self._markers = _overwritten(self._markers, start, values)
        self._touch(stamp)

    def replace(
        self, samples: Samples, markers: NDArray[np.uint8], quadrature: Samples | None, stamp: int
    ) -> None:
        """Put new contents in the place of the old, of whatever length."""
        self._samples, self._markers, self._quadrature = samples, markers, quadrature
        self._touch(stamp)

    def all_markers(self) -> NDArray[np.uint8]:
        """The markers of all samples; not to be written to."""
        return self._markers

    def played(self, resolution_bits: int, component: Component = "") -> Waveform:
        """What the channel puts out: samples clipped to the DAC's range, and the markers it has bits for."""
        key = (resolution_bits, component)
        if key not in self._played:
            samples = np.clip(self.component(component), -1.0, 1.0)
            markers = self._markers & _MARKERS_LEFT[resolution_bits]
            samples.flags.writeable = markers.flags.writeable = False
            self._played[key] = Waveform(samples, markers)
        return self._played[key]

    def _touch(self, stamp: int) -> None:
        self.stamp = stamp
        self._played.clear()


def _overwritten(old: NDArray[T], start: int, values: NDArray[T]) -> NDArray[T]:
    """``old`` changed from ``start`` on, in place if it may be; values for all of it take its place."""
    if len(values) == len(old):
        return values
    if not old.flags.writeable:
        old = old.copy()
    old[start : start + len(values)] = values
    return old
