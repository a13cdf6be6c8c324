# SPDX-License-Identifier: Apache-2.0
"""Tags after reference events, as the verbs that count by delay take them."""

from __future__ import annotations

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.recordings.first_look import FirstLook
from heraldlink.recordings.source import Recording
from heraldlink.tags.one_axis import OneAxis

WRONG_PERIOD = 0.01
"""Share of clicks later than the next event from which on the stated period is not used."""

LONGEST_STEPS = 1 << 15
"""Steps of the longest delay that a PicoQuant T3 record can hold."""


def irregular(opened: Recording, look: FirstLook) -> bool:
    """Whether events have no known period, or clicks come so late that it cannot be the stated one."""
    period_ps = opened.header.reference_period_ps
    if look.after_ps is None or not look.after_ps.size:
        return False
    return not period_ps or float(np.mean(look.after_ps > period_ps)) > WRONG_PERIOD


def by_time(opened: Recording, look: FirstLook, period_ps: float | None = None) -> Recording:
    """The recording on one axis of time: index x period (the stated one without another) + delay.

    Raises RequestError where the period is not known.
    """
    if opened.header.kind == "times":
        return opened
    stated_ps = opened.header.reference_period_ps
    if period_ps is None and (not stated_ps or irregular(opened, look)):
        why = f"is not the stated {stated_ps} ps, which many clicks exceed" if stated_ps else "is not known"
        raise RequestError(
            f"{opened.name}: the time between its reference events {why}; pairs within one event are those of"
            " g2, which takes --period PS too"
        )
    return Recording(opened.name, OneAxis(opened, period_ps), opened.found)


def within_events(opened: Recording, look: FirstLook, reach_ps: int) -> Recording:
    """The recording with its events so far apart that delays up to ``reach_ps`` are within one event."""
    latest_ps = int(look.after_ps.max()) if look.after_ps is not None and look.after_ps.size else 0
    longest_ps = max(LONGEST_STEPS * opened.header.resolution_ps, 4 * latest_ps)
    return Recording(opened.name, OneAxis(opened, float(np.ceil(longest_ps)) + 2 * reach_ps), opened.found)
