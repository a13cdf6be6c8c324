# SPDX-License-Identifier: Apache-2.0
"""What a waveform is made of. Times are integer picoseconds from the waveform's first sample.

Channel 1 drives the carver; its marker 1 is the attempt sync, marker 2 the carver's 90 degree phase switch.
Channel 2 drives the qubit; its marker 1 is the readout gate, marker 2 sends light around the transducer.
``words``: the element in sentences, with the settings that place it in configs/sequences.
"""

from dataclasses import dataclass
from typing import ClassVar

CUT_SIGMA = 4
"""Pulses end at this many standard deviations: beyond, the drive is exactly zero and the carver dark."""


@dataclass(frozen=True, slots=True)
class PumpPulse:
    """Carver voltage whose optical power is Gaussian with ``sigma_ps``.

    ``peak_V`` None: the node's calibrated peak, that of bright pulses in a waveform with a `BrightPath`.
    """

    words: ClassVar[str] = "the pump pulse (pulse_centre_ps, pulse_sigma_ps)"
    centre_ps: int
    sigma_ps: int
    peak_V: float | None = None

    @property
    def begin_ps(self) -> int:
        """First instant with light."""
        return self.centre_ps - CUT_SIGMA * self.sigma_ps

    @property
    def end_ps(self) -> int:
        """Last instant with light."""
        return self.centre_ps + CUT_SIGMA * self.sigma_ps


@dataclass(frozen=True, slots=True)
class QubitDrive:
    """Gaussian of 8 sigma at the qubit's frequency + ``detuning_Hz``.

    It turns the qubit by ``angle_rad`` (if resonant) about cos(axis) X + sin(axis) Y. ``axis_rad`` holds at
    the pulse's centre, in the frame that turns with the qubit's declared frequency.
    """

    words: ClassVar[str] = "the rotation (rotation_begin_ps, rotation_sigma_ps)"
    begin_ps: int
    sigma_ps: int
    angle_rad: float
    axis_rad: float = 0.0
    detuning_Hz: float = 0.0

    @property
    def end_ps(self) -> int:
        """End of the drive."""
        return self.begin_ps + 2 * CUT_SIGMA * self.sigma_ps


@dataclass(frozen=True, slots=True)
class Sync:
    """Attempt sync: its rising edges number the attempts at every time controller."""

    words: ClassVar[str] = "the sync (sync_begin_ps, sync_width_ps)"
    begin_ps: int
    width_ps: int

    @property
    def end_ps(self) -> int:
        """Falling edge."""
        return self.begin_ps + self.width_ps


@dataclass(frozen=True, slots=True)
class ReadoutGate:
    """Readout tone on, and its mark at the node's time controller; several per waveform are allowed."""

    words: ClassVar[str] = "the readout gate (readout_begin_ps, readout_width_ps)"
    begin_ps: int
    width_ps: int

    @property
    def end_ps(self) -> int:
        """Falling edge."""
        return self.begin_ps + self.width_ps


@dataclass(frozen=True, slots=True)
class PhaseSwitch:
    """The carver's phase turned by 90 degrees."""

    words: ClassVar[str] = "the phase switch (pulse_centre_ps, bright_sigma_ps)"
    begin_ps: int
    end_ps: int


@dataclass(frozen=True, slots=True)
class BrightPath:
    """Light sent around the transducer, as phase reference."""

    words: ClassVar[str] = "the bright path (pulse_centre_ps, bright_sigma_ps)"
    begin_ps: int
    end_ps: int


Element = PumpPulse | QubitDrive | Sync | ReadoutGate | PhaseSwitch | BrightPath
MARKS = (Sync, ReadoutGate, PhaseSwitch, BrightPath)
COUNTED = (Sync, ReadoutGate)
"""Marks whose edges are counted."""
