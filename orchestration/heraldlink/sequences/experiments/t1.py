# SPDX-License-Identifier: Apache-2.0
"""T1: a pi pulse, a delay, a readout."""

from dataclasses import dataclass
from math import pi
from typing import Annotated

from pydantic import Field

from heraldlink.sequences.elements import CUT_SIGMA, QubitDrive
from heraldlink.sequences.experiments.frame import Count, Duration_ps, Ends, Read, at_both
from heraldlink.sequences.plan import Part, SlotPlan


@dataclass(frozen=True, kw_only=True)
class T1Settings(Read):
    """``delays_ps``: from the centre of the pi pulse to the readout gate. ``shots``: of each delay."""

    rotation_sigma_ps: Duration_ps
    shots: Count
    delays_ps: Annotated[tuple[Duration_ps, ...], Field(min_length=2)]


def t1(settings: T1Settings, ends: Ends) -> SlotPlan:
    """One part per delay: P(e) = p + (1 - 2p) exp(-delay/T1), p the thermal population, T1 >> the pulse."""
    return settings.plan(_part(settings, ends, k, delay) for k, delay in enumerate(settings.delays_ps))


def _part(settings: T1Settings, ends: Ends, k: int, delay_ps: int) -> Part:
    sigma_ps = settings.rotation_sigma_ps
    begin_ps = settings.readout_begin_ps - delay_ps - CUT_SIGMA * sigma_ps
    excite = QubitDrive(begin_ps, sigma_ps, pi)
    return at_both(ends, f"t1_{k}", settings.shots, settings.sync, excite, settings.gate)
