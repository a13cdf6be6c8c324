# SPDX-License-Identifier: Apache-2.0
"""From a pair-source sequence and one node's calibration to the program of its waveform generator."""

from dataclasses import replace

from heraldlink.sequences.checks import check
from heraldlink.sequences.drive import NodeDrive
from heraldlink.sequences.limits import GeneratorLimits
from heraldlink.sequences.pair_source import FIRST, READOUT, SECOND, PairSourceSequence, pair_source_plan
from heraldlink.sequences.program import generator_program_of, waveform_of
from heraldlink.sequences.rotations import PauliBasis, Rotation, analysis_rotation
from heraldlink_drivers.roles import GeneratorProgram


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
    plan = pair_source_plan(sequence, analysis_rotation(basis, turn_rad))
    return generator_program_of(plan, _end(drive), drive, limits)


def with_analysis(
    program: GeneratorProgram,
    sequence: PairSourceSequence,
    drive: NodeDrive,
    analysis: Rotation,
) -> GeneratorProgram:
    """The same program with another rotation before the readout: only the waveform `READOUT` differs."""
    plan = pair_source_plan(sequence, analysis)
    readout = waveform_of(plan, READOUT, _end(drive), drive)
    return replace(program, waveforms={**program.waveforms, READOUT: readout})


def _end(drive: NodeDrive) -> str:
    return SECOND if drive.phase_switch else FIRST
