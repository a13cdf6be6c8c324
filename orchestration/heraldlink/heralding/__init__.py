# SPDX-License-Identifier: Apache-2.0
"""Heralds, phase counts and readout outcomes, recomputed from tags; arrays in, arrays out."""

from heraldlink.heralding.attempts import CountedSyncs, ReconstructedSyncs, ReferenceIndex, SlotTicks
from heraldlink.heralding.bright import bright_counts
from heraldlink.heralding.description import describe_end, describe_midpoint
from heraldlink.heralding.herald_stream import HeraldStream
from heraldlink.heralding.heralds import compare_hardware, find_heralds, in_gate
from heraldlink.heralding.patterns import (
    PSI_MINUS,
    PSI_PLUS,
    Detector,
    Gate,
    PatternTable,
    Rule,
    single_click,
    two_gates,
)
from heraldlink.heralding.readouts import (
    EXCITED,
    GROUND,
    Readouts,
    ReadoutWindow,
    attempt_readouts,
    confusion,
    read_out,
    repeated_attempts,
)
from heraldlink.heralding.results import Comparison, HeraldResult, Heralds

__all__ = [
    "EXCITED",
    "GROUND",
    "PSI_MINUS",
    "PSI_PLUS",
    "Comparison",
    "CountedSyncs",
    "Detector",
    "Gate",
    "HeraldResult",
    "HeraldStream",
    "Heralds",
    "PatternTable",
    "ReadoutWindow",
    "Readouts",
    "ReconstructedSyncs",
    "ReferenceIndex",
    "Rule",
    "SlotTicks",
    "attempt_readouts",
    "bright_counts",
    "compare_hardware",
    "confusion",
    "describe_end",
    "describe_midpoint",
    "find_heralds",
    "in_gate",
    "read_out",
    "repeated_attempts",
    "single_click",
    "two_gates",
]
