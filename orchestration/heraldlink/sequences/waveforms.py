# SPDX-License-Identifier: Apache-2.0
"""From the elements of one waveform to its samples and markers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from heraldlink.sequences import shapes
from heraldlink.sequences.drive import NodeDrive
from heraldlink.sequences.elements import (
    BrightPath,
    Element,
    PhaseSwitch,
    PumpPulse,
    QubitDrive,
    ReadoutGate,
    Sync,
)
from heraldlink.sequences.rotations import Rotation
from heraldlink_drivers.roles import MARKER_1, MARKER_2, Waveform

Markers = NDArray[np.uint8]
BITS: tuple[dict[type, int], dict[type, int]] = (
    {Sync: MARKER_1, PhaseSwitch: MARKER_2},
    {ReadoutGate: MARKER_1, BrightPath: MARKER_2},
)
"""Marker of each element, per channel."""


@dataclass(frozen=True)
class Drawing:
    """A waveform before scaling: volts per channel, float64[n], and its marker bytes."""

    volts: tuple[shapes.Samples, shapes.Samples]
    markers: tuple[Markers, Markers]

    def scaled(self, amplitude_Vpp: tuple[float, float]) -> Waveform:
        """In the generator's own units: half the peak-to-peak amplitude is 1."""
        channels = [
            (volts / (full / 2)).astype(np.float32)
            for volts, full in zip(self.volts, amplitude_Vpp, strict=True)
        ]
        return Waveform((channels[0], channels[1]), self.markers)

    def beyond(self, amplitude_Vpp: tuple[float, float]) -> list[str]:
        """A sentence for each channel whose voltage exceeds half of its amplitude."""
        remedies = ("lower the pump pulse's peak_V", "lengthen the qubit drive's sigma_ps")
        peaks = [float(np.abs(volts).max()) for volts in self.volts]
        return [
            f"needs {peak:.3g} V, but channel {number} reaches {full / 2:.3g} V (half of amplitude_Vpp):"
            f" {remedy} or raise amplitude_Vpp"
            for number, peak, full, remedy in zip((1, 2), peaks, amplitude_Vpp, remedies, strict=True)
            if peak > full / 2
        ]


def draw(elements: Sequence[Element], length: int, sample_rate_Hz: int, drive: NodeDrive) -> Drawing:
    """Draw the elements of one node into a waveform of ``length`` samples."""
    at_ps = shapes.time_ps(length, sample_rate_Hz)
    bright = any(isinstance(element, BrightPath) for element in elements)
    usual_V = drive.bright_peak_V if bright else drive.envelope_peak_V
    pumps = [_pump_V(at_ps, e, usual_V) for e in elements if isinstance(e, PumpPulse)]
    drives = [_drive_V(at_ps, e, drive) for e in elements if isinstance(e, QubitDrive)]
    markers = [_markers(elements, bits, length, sample_rate_Hz) for bits in BITS]
    return Drawing((_sum(pumps, length), _sum(drives, length)), (markers[0], markers[1]))


def _pump_V(at_ps: shapes.Samples, pulse: PumpPulse, usual_V: float) -> shapes.Samples:
    peak_V = usual_V if pulse.peak_V is None else pulse.peak_V
    return shapes.pump_envelope_V(at_ps, pulse.centre_ps, pulse.sigma_ps, peak_V)


def _drive_V(at_ps: shapes.Samples, pulse: QubitDrive, drive: NodeDrive) -> shapes.Samples:
    return shapes.qubit_drive_V(
        at_ps,
        pulse.begin_ps,
        pulse.sigma_ps,
        drive.qubit_frequency_Hz,
        drive.rabi_rad_per_Vs,
        Rotation(pulse.angle_rad, pulse.axis_rad),
        pulse.detuning_Hz,
    )


def _sum(parts: Sequence[shapes.Samples], length: int) -> shapes.Samples:
    return reduce(add, parts) if parts else np.zeros(length)


def _markers(elements: Sequence[Element], bits: dict[type, int], length: int, rate_Hz: int) -> Markers:
    track = np.zeros(length, dtype=np.uint8)
    for element in elements:
        if type(element) in bits:
            begin, end = (
                shapes.samples_of(edge_ps, rate_Hz) for edge_ps in (element.begin_ps, element.end_ps)
            )
            track |= shapes.marker(length, begin, end, bits[type(element)])
    return track
