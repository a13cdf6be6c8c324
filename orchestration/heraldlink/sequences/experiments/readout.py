# SPDX-License-Identifier: Apache-2.0
"""Readout calibration: the qubits of both ends are prepared in |g> and in |e> and read."""

from dataclasses import dataclass

from heraldlink.sequences.experiments.frame import Count, Driven, Ends, at_both
from heraldlink.sequences.plan import SlotPlan
from heraldlink.sequences.rotations import EXCITE


@dataclass(frozen=True, kw_only=True)
class ReadoutSettings(Driven):
    """``shots``: readouts of each state."""

    shots: Count


def readout(settings: ReadoutSettings, ends: Ends) -> SlotPlan:
    """Parts cal_g and cal_e: photon numbers of both states, hence threshold and confusion matrix.

    The error of the pi pulse is part of what is read for |e>.
    """
    turned = settings.rotation(EXCITE.angle_rad, EXCITE.axis_rad)
    parts = (
        at_both(ends, "cal_g", settings.shots, settings.sync, settings.gate),
        at_both(ends, "cal_e", settings.shots, settings.sync, turned, settings.gate),
    )
    return settings.plan(parts)
