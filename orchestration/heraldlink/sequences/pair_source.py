# SPDX-License-Identifier: Apache-2.0
"""The single-click pair-source slot as data: counts, and times in integer picoseconds.

One slot, started by trigger A: bright pulses that estimate the phase between the arms (half of them with node
B's carver switched by 90 degrees), calibration readouts of |g> and |e>, then attempts. A herald on trigger B
leaves the running attempt at its end for the readout, after which the attempts go on.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

from heraldlink.sequences.segments import SegmentTable


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
    def preamble_ps(self) -> int:
        """Time of bright pulses and calibration before the first attempt."""
        return self.segments.first_attempt * self.attempt_period_ps

    def digest(self) -> str:
        """SHA-256 of all fields, hexadecimal: equal on two nodes only if they play the same sequence."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class NodeDrive:
    """What one end node's generator is calibrated to.

    ``amplitude_Vpp``: full scales of channels 1 and 2. ``envelope_peak_V``, ``bright_peak_V``: peak voltages
    at the carver. ``phase_switch``: whether this node raises the 90 degree switch in the second half of the
    bright pulses (exactly one node of a link does: the second one).
    """

    amplitude_Vpp: tuple[float, float]
    envelope_peak_V: float
    bright_peak_V: float
    qubit_frequency_Hz: float
    rabi_rad_per_Vs: float
    phase_switch: bool


@dataclass(frozen=True, slots=True)
class GeneratorLimits:
    """What a generator can hold; defaults are those of the Tektronix AWG70002A with sequencing.

    ``granularity``: waveform lengths are multiples of it (samples).
    """

    minimum_samples: int = 2400
    granularity: int = 4
    memory_samples: int = 2_000_000_000
    maximum_repeat: int = 1_048_576


EVENT_LIMIT_Hz = 5e6
"""Syncs, marks and clicks of one time controller: half of what an ID900 can take."""
