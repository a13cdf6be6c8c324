# SPDX-License-Identifier: Apache-2.0
"""Rabi: the excited population against the rotation angle that the calibration promises."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from heraldlink.sequences.experiments.frame import Angle_rad, Count, Driven, Ends, at_both
from heraldlink.sequences.plan import SlotPlan


@dataclass(frozen=True, kw_only=True)
class RabiSettings(Driven):
    """``shots``: readouts of each angle. ``angles_rad``: as rabi_rad_per_Vs scales the drive's area."""

    shots: Count
    angles_rad: Annotated[tuple[Angle_rad, ...], Field(min_length=2)]


def rabi(settings: RabiSettings, ends: Ends) -> SlotPlan:
    """One part per angle, of one drive and a readout.

    P(e) = sin²(r angle / 2), r the true over the declared rabi_rad_per_Vs; readout errors scale and shift it.
    """
    parts = (
        at_both(ends, f"rabi_{k}", settings.shots, settings.sync, settings.rotation(angle), settings.gate)
        for k, angle in enumerate(settings.angles_rad)
    )
    return settings.plan(parts)
