# SPDX-License-Identifier: Apache-2.0
"""The single-click pair-source slot as data: counts, and times in integer picoseconds.

One slot, started by trigger A: bright pulses that estimate the phase between the arms (half of them with node
B's carver switched by 90 degrees), calibration readouts of |g> and |e>, then attempts. A herald on trigger B
leaves the running attempt at its end for the readout, after which the attempts go on.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache

from heraldlink.sequences.elements import (
    BrightPath,
    Element,
    PhaseSwitch,
    PumpPulse,
    QubitDrive,
    ReadoutGate,
    Sync,
)
from heraldlink.sequences.plan import Part, SlotPlan
from heraldlink.sequences.rotations import EXCITE, NO_ROTATION, Rotation
from heraldlink.sequences.segments import SegmentTable

BRIGHT_I, BRIGHT_Q, CALIBRATE_G, CALIBRATE_E, ATTEMPT, READOUT = (
    "bright_i", "bright_q", "cal_g", "cal_e", "attempt", "readout",
)  # fmt: skip
"""Names of the parts."""

FIRST, SECOND = "first", "second"
"""Ends of a link that a plan knows by nothing else."""


@dataclass(frozen=True, slots=True)
class PairSourceSequence:
    """What all nodes of a link agree on. Times inside a waveform count from its first sample.

    Every waveform lasts ``attempt_period_ps``. ``pulse_sigma_ps`` and ``bright_sigma_ps`` are standard
    deviations of the pump's power; ``rotation_sigma_ps`` is one of the qubit drive's envelope, which lasts
    8 of them from ``rotation_begin_ps``. ``bright_pulses`` is even, half of them in each quadrature.
    ``record_ps`` is how long the midpoint records after the slot tick.
    """

    name: str
    sample_rate_Hz: float
    tick_rate_Hz: float
    attempt_period_ps: int
    bright_pulses: int
    calibration_shots: int
    attempts: int
    pulse_centre_ps: int
    pulse_sigma_ps: int
    bright_sigma_ps: int
    sync_begin_ps: int
    sync_width_ps: int
    rotation_begin_ps: int
    rotation_sigma_ps: int
    readout_begin_ps: int
    readout_width_ps: int
    record_ps: int

    @property
    def segments(self) -> SegmentTable:
        """Reference indices of the slot's parts."""
        return SegmentTable(self.bright_pulses // 2, self.calibration_shots)

    @property
    def rotation_end_ps(self) -> int:
        """End of the qubit drive."""
        return self.rotation_begin_ps + 8 * self.rotation_sigma_ps

    @property
    def kept_ps(self) -> int:
        """From the pump pulse that loads a qubit to its analysis in the waveform after it (centres)."""
        analysed_ps = self.rotation_begin_ps + 4 * self.rotation_sigma_ps
        return self.attempt_period_ps - self.pulse_centre_ps + analysed_ps

    @property
    def preamble_ps(self) -> int:
        """Time of bright pulses and calibration before the first attempt."""
        return self.segments.first_attempt * self.attempt_period_ps

    def digest(self) -> str:
        """SHA-256 of all fields, hexadecimal: equal on two nodes only if they play the same sequence."""
        return _digest(self)


@lru_cache(64)
def _digest(sequence: PairSourceSequence) -> str:
    return hashlib.sha256(json.dumps(asdict(sequence), sort_keys=True).encode()).hexdigest()


def pair_source_plan(
    sequence: PairSourceSequence,
    analysis: Rotation = NO_ROTATION,
    gate_ps: tuple[int, int] = (0, 0),
    ends: tuple[str, str] = (FIRST, SECOND),
) -> SlotPlan:
    """The slot as parts; ``analysis``: rotation before the readout. The second end switches its phase."""
    both = _Both(sequence, ends)
    half, shots = sequence.bright_pulses // 2, sequence.calibration_shots
    parts = (
        both.part(BRIGHT_I, half, *both.bright),
        Part(BRIGHT_Q, half, {ends[0]: both.bright, ends[1]: (*both.bright, both.switch)}),
        both.part(CALIBRATE_G, shots, both.sync, both.gate),
        both.part(CALIBRATE_E, shots, both.sync, both.turned(EXCITE), both.gate),
        both.part(ATTEMPT, sequence.attempts, both.sync, both.pulse, jump_to=READOUT),
        both.part(READOUT, 1, both.turned(analysis), both.gate),
    )
    return SlotPlan(
        name=sequence.name,
        sample_rate_Hz=sequence.sample_rate_Hz,
        tick_rate_Hz=sequence.tick_rate_Hz,
        period_ps=sequence.attempt_period_ps,
        parts=parts,
        record_ps=sequence.record_ps,
        gate_ps=gate_ps,
    )


@dataclass(frozen=True)
class _Both:
    """Elements that both ends play."""

    sequence: PairSourceSequence
    ends: tuple[str, str]

    def part(self, name: str, count: int, *elements: Element, jump_to: str | None = None) -> Part:
        return Part(name, count, dict.fromkeys(self.ends, elements), jump_to)

    @property
    def sync(self) -> Sync:
        return Sync(self.sequence.sync_begin_ps, self.sequence.sync_width_ps)

    @property
    def gate(self) -> ReadoutGate:
        return ReadoutGate(self.sequence.readout_begin_ps, self.sequence.readout_width_ps)

    @property
    def pulse(self) -> PumpPulse:
        return PumpPulse(self.sequence.pulse_centre_ps, self.sequence.pulse_sigma_ps)

    @property
    def bright(self) -> tuple[Element, ...]:
        pulse = PumpPulse(self.sequence.pulse_centre_ps, self.sequence.bright_sigma_ps)
        return self.sync, pulse, BrightPath(*self._window(pulse))

    @property
    def switch(self) -> PhaseSwitch:
        return PhaseSwitch(
            *self._window(PumpPulse(self.sequence.pulse_centre_ps, self.sequence.bright_sigma_ps))
        )

    def turned(self, turn: Rotation) -> QubitDrive:
        begin_ps, sigma_ps = self.sequence.rotation_begin_ps, self.sequence.rotation_sigma_ps
        return QubitDrive(begin_ps, sigma_ps, turn.angle_rad, turn.axis_rad)

    def _window(self, pulse: PumpPulse) -> tuple[int, int]:
        """The pulse from edge to edge, in whole samples."""
        rate_Hz = int(self.sequence.sample_rate_Hz)
        begin, end = (edge_ps * rate_Hz // 10**12 for edge_ps in (pulse.begin_ps, pulse.end_ps))
        return begin * 10**12 // rate_Hz, end * 10**12 // rate_Hz
