# SPDX-License-Identifier: Apache-2.0
"""Phase estimation: bright pulses of both nodes interfere at the midpoint, in two quadratures."""

from dataclasses import dataclass

from heraldlink.sequences.elements import BrightPath, PhaseSwitch
from heraldlink.sequences.experiments.frame import Count, Ends, Pulsed, at_both
from heraldlink.sequences.plan import Part, SlotPlan


@dataclass(frozen=True, kw_only=True)
class PhaseSettings(Pulsed):
    """``bright_pulses``: in each quadrature. The pulses go around the transducers at their own peak."""

    bright_pulses: Count


def phase(settings: PhaseSettings, ends: Ends) -> SlotPlan:
    """Parts bright_i and bright_q; in the second one node B's carver is switched by 90 degrees.

    The clicks of both detectors in both give the phase between the arms (`heraldlink_physics.phase`).
    """
    pulse = settings.pulse()
    bright = (settings.sync, pulse, BrightPath(pulse.begin_ps, pulse.end_ps))
    switched = (*bright, PhaseSwitch(pulse.begin_ps, pulse.end_ps))
    parts = (
        at_both(ends, "bright_i", settings.bright_pulses, *bright),
        Part("bright_q", settings.bright_pulses, {ends[0]: bright, ends[1]: switched}),
    )
    return settings.plan(parts, settings.gate_ps)
