# SPDX-License-Identifier: Apache-2.0
"""Heralds, phase counts and readout outcomes, recomputed from tags; arrays in, arrays out."""

from heraldlink.heralding.attempts import AttemptAssigner
from heraldlink.heralding.bright import bright_counts
from heraldlink.heralding.description import describe_end, describe_midpoint
from heraldlink.heralding.heralds import (
    PSI_MINUS,
    PSI_PLUS,
    Comparison,
    Heralds,
    compare_hardware,
    find_heralds,
    in_gate,
)
from heraldlink.heralding.readouts import (
    EXCITED,
    GROUND,
    Readouts,
    ReadoutWindow,
    attempt_readouts,
    confusion,
    read_out,
)

__all__ = [
    "EXCITED",
    "GROUND",
    "PSI_MINUS",
    "PSI_PLUS",
    "AttemptAssigner",
    "Comparison",
    "Heralds",
    "ReadoutWindow",
    "Readouts",
    "attempt_readouts",
    "bright_counts",
    "compare_hardware",
    "confusion",
    "describe_end",
    "describe_midpoint",
    "find_heralds",
    "in_gate",
    "read_out",
]
