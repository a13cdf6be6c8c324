# SPDX-License-Identifier: Apache-2.0
"""Sequences: data in, one program per instrument out."""

from heraldlink.sequences.checks import check
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
from heraldlink.sequences.generator import generator_program, with_analysis
from heraldlink.sequences.limits import AWG5208, AWG70002A, GENERATORS, GeneratorLimits
from heraldlink.sequences.pair_source import READOUT, PairSourceSequence, pair_source_plan
from heraldlink.sequences.plan import Part, SlotPlan
from heraldlink.sequences.program import generator_program_of
from heraldlink.sequences.refusals import check_plan
from heraldlink.sequences.rotations import (
    NO_ROTATION,
    PauliBasis,
    Rotation,
    analysis_rotation,
    direction_rotation,
)
from heraldlink.sequences.segments import SegmentTable
from heraldlink.sequences.tagger import end_tagger, hub_tagger, midpoint_tagger

__all__ = [
    "AWG5208",
    "AWG70002A",
    "GENERATORS",
    "NO_ROTATION",
    "READOUT",
    "BrightPath",
    "Element",
    "GeneratorLimits",
    "NodeDrive",
    "PairSourceSequence",
    "Part",
    "PauliBasis",
    "PhaseSwitch",
    "PumpPulse",
    "QubitDrive",
    "ReadoutGate",
    "Rotation",
    "SegmentTable",
    "SlotPlan",
    "Sync",
    "analysis_rotation",
    "check",
    "check_plan",
    "direction_rotation",
    "end_tagger",
    "generator_program",
    "generator_program_of",
    "hub_tagger",
    "midpoint_tagger",
    "pair_source_plan",
    "with_analysis",
]
