# SPDX-License-Identifier: Apache-2.0
"""Ramsey: two half-pi pulses a delay apart show the qubit's frequency and its T2."""

from dataclasses import dataclass
from math import pi
from typing import Annotated

from pydantic import Field

from heraldlink.sequences.experiments.frame import Count, Detuning_Hz, Driven, Duration_ps, Ends, at_both
from heraldlink.sequences.plan import Part, SlotPlan


@dataclass(frozen=True, kw_only=True)
class RamseySettings(Driven):
    """``delays_ps``: between the centres of both pulses, the second one at ``rotation_begin_ps``.

    ``fringe_Hz``: how fast the second pulse's axis turns with the delay, so that a qubit on its declared
    frequency shows fringes too. ``shots``: readouts of each delay.
    """

    shots: Count
    delays_ps: Annotated[tuple[Duration_ps, ...], Field(min_length=2)]
    fringe_Hz: Detuning_Hz


def ramsey(settings: RamseySettings, ends: Ends) -> SlotPlan:
    """One part per delay.

    P(e) = (1 + exp(-delay/T2) cos(2 pi (fringe_Hz - offset) delay)) / 2, with offset the qubit's frequency
    minus the declared one; readout errors scale and shift it.
    """
    return settings.plan(_part(settings, ends, k, delay) for k, delay in enumerate(settings.delays_ps))


def _part(settings: RamseySettings, ends: Ends, k: int, delay_ps: int) -> Part:
    axis_rad = 2 * pi * (settings.fringe_Hz * delay_ps * 1e-12 % 1.0)
    pulses = settings.rotation(pi / 2, 0.0, -delay_ps), settings.rotation(pi / 2, axis_rad)
    return at_both(ends, f"ramsey_{k}", settings.shots, settings.sync, *pulses, settings.gate)
