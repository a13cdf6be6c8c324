# SPDX-License-Identifier: Apache-2.0
"""From a pair-source sequence and one node's calibration to the program of its waveform generator.

Channel 1: carver voltage; marker 1 attempt sync, marker 2 the carver's 90 degree phase switch.
Channel 2: qubit drive; marker 1 readout gate, marker 2 sends the pulse around the transducer (bright pulses).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heraldlink.sequences import shapes
from heraldlink.sequences.checks import check, check_drive
from heraldlink.sequences.pair_source import GeneratorLimits, NodeDrive, PairSourceSequence
from heraldlink.sequences.rotations import EXCITE, PauliBasis, Rotation, analysis_rotation
from heraldlink_drivers.roles import MARKER_1, MARKER_2, GeneratorProgram, Step, Waveform

BRIGHT_I, BRIGHT_Q, CALIBRATE_G, CALIBRATE_E, ATTEMPT, READOUT = (
    "bright_i", "bright_q", "cal_g", "cal_e", "attempt", "readout",
)  # fmt: skip
"""Names of the waveforms."""

NO_ROTATION = Rotation(0.0, 0.0)
Markers = NDArray[np.uint8]


def generator_program(
    sequence: PairSourceSequence,
    drive: NodeDrive,
    basis: PauliBasis = "Z",
    turn_rad: float = 0.0,
    limits: GeneratorLimits | None = None,
) -> GeneratorProgram:
    """Compile one node's program; the readout measures ``basis``, its axis turned by ``turn_rad``.

    Raises ConfigurationError, one sentence for each thing that the generator cannot do.
    """
    check(sequence, limits)
    draft = _Draft(sequence, drive)
    waveforms = draft.waveforms(analysis_rotation(basis, turn_rad))
    peaks = [_peak(name, channel, wave) for name, wave in waveforms.items() for channel in (0, 1)]
    scaled = {name: draft.scaled(wave) for name, wave in waveforms.items()}
    check_drive(sequence, drive, *peaks)
    return GeneratorProgram(
        sequence.name, sequence.sample_rate_Hz, drive.amplitude_Vpp, scaled, steps(sequence)
    )


def with_analysis(
    program: GeneratorProgram,
    sequence: PairSourceSequence,
    drive: NodeDrive,
    basis: PauliBasis,
    turn_rad: float = 0.0,
) -> GeneratorProgram:
    """The same program measuring another basis: only the waveform `READOUT` differs."""
    draft = _Draft(sequence, drive)
    readout = draft.scaled(draft.readout(analysis_rotation(basis, turn_rad)))
    return replace(program, waveforms={**program.waveforms, READOUT: readout})


def steps(sequence: PairSourceSequence) -> tuple[Step, ...]:
    """Steps of the slot; parts with a count of zero are left out, the first one waits for trigger A."""
    half, shots = sequence.bright_pulses // 2, sequence.calibration_shots
    parts = ((BRIGHT_I, half), (BRIGHT_Q, half), (CALIBRATE_G, shots), (CALIBRATE_E, shots))
    played = [Step(name, repeat=count) for name, count in parts if count]
    here = len(played) + 1
    played.append(Step(ATTEMPT, repeat=sequence.attempts, event="B", jump_to=here + 1, goto=1))
    played.append(Step(READOUT, goto=here))
    return (replace(played[0], wait="A"), *played[1:])


@dataclass(frozen=True)
class _Volts:
    """A waveform before scaling: volts per channel, float64[n], and its marker bytes."""

    volts: tuple[shapes.Samples, shapes.Samples]
    markers: tuple[Markers, Markers]


def _peak(name: str, channel: int, wave: _Volts) -> tuple[str, float, int]:
    return f"waveform {name!r}", float(np.abs(wave.volts[channel]).max()), channel


class _Draft:
    """One node's waveforms, in volts."""

    def __init__(self, sequence: PairSourceSequence, drive: NodeDrive) -> None:
        self._sequence, self._drive = sequence, drive
        self._rate_Hz = int(sequence.sample_rate_Hz)
        self._length = shapes.samples_of(sequence.attempt_period_ps, self._rate_Hz)
        self._time_ps = shapes.time_ps(self._length, self._rate_Hz)

    def waveforms(self, analysis: Rotation) -> Mapping[str, _Volts]:
        """All waveforms by name."""
        return {
            BRIGHT_I: self._bright(quadrature=False),
            BRIGHT_Q: self._bright(quadrature=self._drive.phase_switch),
            CALIBRATE_G: self._qubit(NO_ROTATION, sync=True),
            CALIBRATE_E: self._qubit(EXCITE, sync=True),
            ATTEMPT: self._attempt(),
            READOUT: self.readout(analysis),
        }

    def readout(self, analysis: Rotation) -> _Volts:
        """Analysis rotation, then the readout gate; no sync, so that the attempt's index stays."""
        return self._qubit(analysis, sync=False)

    def scaled(self, wave: _Volts) -> Waveform:
        """In the generator's own units: half the peak-to-peak amplitude is 1."""
        halves = [amplitude_Vpp / 2 for amplitude_Vpp in self._drive.amplitude_Vpp]
        channels = [(volts / half).astype(np.float32) for volts, half in zip(wave.volts, halves, strict=True)]
        return Waveform((channels[0], channels[1]), wave.markers)

    def _attempt(self) -> _Volts:
        pulse = self._pulse(self._sequence.pulse_sigma_ps, self._drive.envelope_peak_V)
        return _Volts((pulse, self._dark()), (self._sync(), self._low()))

    def _bright(self, quadrature: bool) -> _Volts:
        sigma_ps = self._sequence.bright_sigma_ps
        window = self._window(
            self._sequence.pulse_centre_ps - 4 * sigma_ps,
            self._sequence.pulse_centre_ps + 4 * sigma_ps,
            MARKER_2,
        )
        switch = window if quadrature else self._low()
        pulse = self._pulse(sigma_ps, self._drive.bright_peak_V)
        return _Volts((pulse, self._dark()), (self._sync() | switch, window))

    def _qubit(self, turn: Rotation, sync: bool) -> _Volts:
        drive_V = shapes.qubit_drive_V(
            self._time_ps,
            self._sequence.rotation_begin_ps,
            self._sequence.rotation_sigma_ps,
            self._drive.qubit_frequency_Hz,
            self._drive.rabi_rad_per_Vs,
            turn,
        )
        begin_ps = self._sequence.readout_begin_ps
        gate = self._window(begin_ps, begin_ps + self._sequence.readout_width_ps, MARKER_1)
        return _Volts((self._dark(), drive_V), (self._sync() if sync else self._low(), gate))

    def _pulse(self, sigma_ps: int, peak_V: float) -> shapes.Samples:
        return shapes.pump_envelope_V(self._time_ps, self._sequence.pulse_centre_ps, sigma_ps, peak_V)

    def _sync(self) -> Markers:
        begin_ps = self._sequence.sync_begin_ps
        return self._window(begin_ps, begin_ps + self._sequence.sync_width_ps, MARKER_1)

    def _window(self, begin_ps: int, end_ps: int, bit: int) -> Markers:
        begin, end = (shapes.samples_of(edge_ps, self._rate_Hz) for edge_ps in (begin_ps, end_ps))
        return shapes.marker(self._length, begin, end, bit)

    def _dark(self) -> shapes.Samples:
        return np.zeros(self._length)

    def _low(self) -> Markers:
        return np.zeros(self._length, dtype=np.uint8)
