# SPDX-License-Identifier: Apache-2.0
"""What a verb chooses where its caller did not: channels, window, bins; or the option it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10

from heraldlink.errors import RequestError
from heraldlink.recordings.first_look import FirstLook
from heraldlink.recordings.pair_peak import seen_peak
from heraldlink.recordings.source import Recording

WINDOW_PS = 50_000
WIDEST_PS = 50_000_000
BINS = 200
"""Bins of a window that was not chosen by the caller, unless it holds a narrow peak."""

MOST_BINS = 20_000

ENOUGH_PAIRS = 200
"""Unrelated pairs that a window should hold, so that g2 can be told."""

FEWEST_PERIODS = 8


def two_channels(source: Recording, look: FirstLook, asked: Sequence[int] | None) -> tuple[int, int]:
    """The two channels asked for, or the only two detectors. Raises RequestError that says what to give."""
    if asked is not None:
        if len(asked) != 2:
            raise RequestError(f"two channels make a pair, not {len(asked)}: give --channels FIRST,SECOND")
        return asked[0], asked[1]
    found = look.detectors()
    if len(found) == 2:
        return found[0], found[1]
    held = _held(look)
    if len(found) == 1:
        raise RequestError(
            f"{source.name}: only one detector clicks ({held}); for its correlation with itself give"
            f" --channels {found[0]},{found[0]}"
        )
    raise RequestError(f"{source.name}: say which two channels pair with --channels FIRST,SECOND ({held})")


def check_channels(source: Recording, clicks: dict[int, int], wanted: Sequence[int]) -> None:
    """Raise RequestError for a channel without a click in the whole recording."""
    for channel in wanted:
        if not clicks.get(channel):
            held = ", ".join(str(number) for number, count in clicks.items() if count) or "none"
            raise RequestError(
                f"{source.name}: channel {channel} has no clicks (channels with clicks: {held})"
            )


def pair_window(look: FirstLook, first: int, second: int, duration_ps: float) -> tuple[int, int]:
    """Delays that show the pulses of a pulsed source, or enough pairs of a continuous one."""
    period_ps = common_period(look, first, second)
    if period_ps is not None:
        few = FEWEST_PERIODS * period_ps > WINDOW_PS
        wide = nice_ps(2 * FEWEST_PERIODS * period_ps) if few else WINDOW_PS
        return -wide, wide
    wide, peak = WINDOW_PS, seen_peak(look, first, second)
    if peak is not None:
        wide = max(wide, nice_ps(2 * abs(peak.delay_ps) + 5 * peak.fwhm_ps))
        return -wide, wide
    share = duration_ps / look.length_ps if look.length_ps else 1.0
    chances = look.clicks.get(first, 0) * look.clicks.get(second, 0) * share / max(1, look.length_ps)
    while wide < WIDEST_PS and chances * 2 * wide < ENOUGH_PAIRS:
        wide *= 10
    return -wide, wide


def common_period(look: FirstLook, first: int, second: int) -> float | None:
    """The period of pulsed light that both channels show."""
    found = [look.period_of(channel) for channel in (first, second)]
    periods = [each.period_ps for each in found if each is not None]
    if len(periods) < 2 or abs(periods[0] / periods[1] - 1) > 1e-3:
        return None
    return sum(periods) / 2


def pair_bin(window_ps: tuple[int, int], look: FirstLook, first: int, second: int) -> int:
    """Width of a bin: a two-hundredth of the window, or what resolves a peak; in whole steps of the times."""
    step = max(1, ceil(look.resolution_ps), look.step_ps if look.step_ps < WINDOW_PS else 1)
    width = nice_ps((window_ps[1] - window_ps[0]) / BINS)
    peak = None if common_period(look, first, second) else seen_peak(look, first, second)
    if peak is not None:
        width = min(width, max(nice_ps(peak.fwhm_ps / 10), (window_ps[1] - window_ps[0]) // MOST_BINS))
    return -(-width // step) * step


def nice_ps(width_ps: float) -> int:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10 ** floor(log10(max(1.0, width_ps)))
    return int(next(step * power for step in (1, 2, 5, 10) if step * power >= width_ps))


def whole_window(window_ps: tuple[int, int], bin_ps: int) -> tuple[int, int]:
    """The window, its end moved so that it holds whole bins."""
    begin, end = window_ps
    if bin_ps < 1:
        raise RequestError(f"bins of {bin_ps} ps: a bin must be longer than 0")
    if end <= begin:
        raise RequestError(f"window {begin}:{end} ps in bins of {bin_ps} ps: begin must lie before end")
    return begin, begin + -(-(end - begin) // bin_ps) * bin_ps


def _held(look: FirstLook) -> str:
    return "clicks: " + (
        ", ".join(f"channel {number} {count}" for number, count in look.clicks.items()) or "none"
    )
