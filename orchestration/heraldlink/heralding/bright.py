# SPDX-License-Identifier: Apache-2.0
"""Clicks of the bright pulses, from which the phase between the arms is estimated."""

from heraldlink.heralding.heralds import clicks_between
from heraldlink.sequences.segments import SegmentTable
from heraldlink_drivers.roles import Tags
from heraldlink_physics.phase import QuadratureCounts


def bright_counts(
    c: Tags, d: Tags, gate_ps: tuple[int, int], segments: SegmentTable
) -> tuple[QuadratureCounts, QuadratureCounts]:
    """Pulses in which detectors c and d clicked inside the gate: (in phase, in quadrature)."""
    in_phase, quadrature = (
        QuadratureCounts(len(pulses), clicks_between(c, gate_ps, pulses), clicks_between(d, gate_ps, pulses))
        for pulses in (segments.bright_i, segments.bright_q)
    )
    return in_phase, quadrature
