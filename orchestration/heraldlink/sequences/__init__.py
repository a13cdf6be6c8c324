# SPDX-License-Identifier: Apache-2.0
"""Sequences: data in, one program per instrument out."""

from heraldlink.sequences.checks import check
from heraldlink.sequences.generator import READOUT, generator_program, with_analysis
from heraldlink.sequences.pair_source import GeneratorLimits, NodeDrive, PairSourceSequence
from heraldlink.sequences.rotations import PauliBasis, Rotation, analysis_rotation
from heraldlink.sequences.segments import SegmentTable
from heraldlink.sequences.tagger import end_tagger, midpoint_tagger

__all__ = [
    "READOUT",
    "GeneratorLimits",
    "NodeDrive",
    "PairSourceSequence",
    "PauliBasis",
    "Rotation",
    "SegmentTable",
    "analysis_rotation",
    "check",
    "end_tagger",
    "generator_program",
    "midpoint_tagger",
    "with_analysis",
]
