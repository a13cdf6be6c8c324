# SPDX-License-Identifier: Apache-2.0
"""At what delay two channels see the same pairs, where it is not near zero: cables, fibres, other clocks."""

from __future__ import annotations

from heraldlink.errors import DataError
from heraldlink.recordings.choices import common_period
from heraldlink.recordings.first_look import FirstLook
from heraldlink.recordings.pair_peak import BIN_PS, seen_peak
from heraldlink.tags.block import Times
from heraldlink.tags.clock_offset import clock_offset


def delay_advice(look: FirstLook, first: int, second: int, far: bool) -> str:
    """How much later than ``first`` the channel ``second`` sees the same pairs, and the option to give.

    Of the first look; "" if nothing stands out, or light is pulsed. ``far``: look further than a microsecond
    too, up to a second and for clocks that drift.
    """
    if look.time_ps is None or first == second or common_period(look, first, second) is not None:
        return ""
    peak = seen_peak(look, first, second)
    if peak is not None:
        delay_ps = round(peak.delay_ps)
        return _said(first, second, delay_ps) if abs(delay_ps) > BIN_PS else ""
    clicks = [look.time_ps[look.channel == channel] for channel in (first, second)]
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
