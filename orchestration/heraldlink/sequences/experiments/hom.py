# SPDX-License-Identifier: Apache-2.0
"""HOM calibration: coincidences of both detectors while node B's pulse is shifted across node A's."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from heraldlink.sequences.experiments.frame import Count, Ends, Peak_V, Pulsed, Shift_ps
from heraldlink.sequences.plan import Part, SlotPlan


@dataclass(frozen=True, kw_only=True)
class HomSettings(Pulsed):
    """``attempts``: of each shift. ``shifts_ps``: of node B's pulse, in whole samples or not.

    ``peak_V``: of both ends' pulses; null takes each node's calibrated one. The gate must hold the shifted
    pulses too.
    """

    attempts: Count
    shifts_ps: Annotated[tuple[Shift_ps, ...], Field(min_length=2)]
    peak_V: Peak_V | None = None


def hom(settings: HomSettings, ends: Ends) -> SlotPlan:
    """One part per shift.

    Equal unheralded pair sources are thermal: V = 3 (1 - C(0)/C(far)) for n_bar << 1, background subtracted,
    so that the deepest dip is 1/3 (PHYSICS section 5). Its centre is the delay between the arms.
    """
    parts = (_part(settings, ends, k, shift) for k, shift in enumerate(settings.shifts_ps))
    return settings.plan(parts, settings.gate_ps)


def _part(settings: HomSettings, ends: Ends, k: int, shift_ps: int) -> Part:
    first, second = (settings.pulse(shift, settings.peak_V) for shift in (0, shift_ps))
    elements = {ends[0]: (settings.sync, first), ends[1]: (settings.sync, second)}
    return Part(f"hom_{k}", settings.attempts, elements)
