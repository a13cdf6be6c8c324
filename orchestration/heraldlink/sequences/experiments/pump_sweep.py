# SPDX-License-Identifier: Apache-2.0
"""Transducer pump sweep: clicks at the midpoint against the peak of one node's pump pulse."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from heraldlink.sequences.experiments.frame import Count, Ends, Peak_V, Pulsed, Pumped, pumped_ends
from heraldlink.sequences.plan import Part, SlotPlan


@dataclass(frozen=True, kw_only=True)
class PumpSweepSettings(Pulsed):
    """``attempts``: of each peak. ``peaks_V``: at the carver; 0 measures darks and leakage.

    ``pumped``: whose pulses; the other end plays its sync alone.
    """

    attempts: Count
    peaks_V: Annotated[tuple[Peak_V, ...], Field(min_length=2)]
    pumped: Pumped


def pump_sweep(settings: PumpSweepSettings, ends: Ends) -> SlotPlan:
    """One part per peak. Clicks per attempt are eta n_bar (1 + n_th), plus darks and leakage.

    n_bar goes with the pulse's energy, hence with sin²(pi V / 2 V_pi) of the carver; eta and n_bar are not
    told apart by it, but by `g2`, whose cross-correlation is independent of loss.
    """
    pumped = pumped_ends(ends, settings.pumped)
    parts = (
        Part(
            f"pump_sweep_{k}",
            settings.attempts,
            {
                end: (settings.sync, settings.pulse(0, peak_V)) if end in pumped else (settings.sync,)
                for end in ends
            },
        )
        for k, peak_V in enumerate(settings.peaks_V)
    )
    return settings.plan(parts, settings.gate_ps)
