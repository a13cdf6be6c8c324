# SPDX-License-Identifier: Apache-2.0
"""At what delay two channels see the same pairs, where it is not near zero: cables, fibres, other clocks."""

from __future__ import annotations

from math import ceil

import numpy as np

from heraldlink.errors import DataError
from heraldlink.recordings.choices import common_period
from heraldlink.recordings.first_look import FirstLook
from heraldlink.tags.block import Times
from heraldlink.tags.clock_offset import clock_offset
from heraldlink.tags.engine_numpy import histogram

NEAR_PS = 1_000_000
BIN_PS = 200
STANDS_OUT = 7.0
"""Standard errors over the mean of all bins (10,000) from which a peak is one."""

AROUND = 3
"""Bins on either side of the peak that its centre is taken from."""


def delay_advice(look: FirstLook, first: int, second: int, far: bool) -> str:
    """How much later than ``first`` the channel ``second`` sees the same pairs, and the option to give.

    Of the first look; "" if nothing stands out, or light is pulsed. ``far``: look further than a microsecond
    too, up to a second and for clocks that drift.
    """
    if look.time_ps is None or first == second or common_period(look, first, second) is not None:
        return ""
    clicks = [look.time_ps[look.channel == channel] for channel in (first, second)]
    bin_ps = BIN_PS * ceil(max(1.0, look.step_ps / BIN_PS)) if look.step_ps < NEAR_PS else BIN_PS
    reach = NEAR_PS // bin_ps * bin_ps
    pairs = histogram(clicks[0], clicks[1], -reach, reach, bin_ps)
    place, mean = int(np.argmax(pairs)), float(pairs.mean())
    if pairs[place] > mean + STANDS_OUT * max(1.0, mean) ** 0.5:
        around = np.arange(max(0, place - AROUND), min(pairs.size, place + AROUND + 1))
        weights = np.maximum(pairs[around] - mean, 0)
        delay = round(float(-reach + ((around + 0.5) @ weights / weights.sum()) * bin_ps))
        return _said(first, second, delay) if abs(delay) > bin_ps else ""
    return _far(clicks, first, second) if far else ""


def _far(clicks: list[Times], first: int, second: int) -> str:
    try:
        found = clock_offset(clicks[0], clicks[1])
    except DataError:
        return ""
    drift = found.drift
    said = _said(first, second, round(found.offset_ps.value))
    if abs(drift.value) > 5 * drift.sigma and abs(drift.value) > 1e-11:
        said += f"; their clocks drift apart by {drift.value:.3g} (heraldlink.tags.clock_track follows them)"
    return said


def _said(first: int, second: int, delay_ps: int) -> str:
    when = f"{abs(delay_ps)} ps {'later' if delay_ps > 0 else 'earlier'}"
    return (
        f"channel {second} sees the pairs of channel {first} {when}: --delays {second}={delay_ps} (added to a"
        " delay that it has)"
    )
