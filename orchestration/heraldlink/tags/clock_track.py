# SPDX-License-Identifier: Apache-2.0
"""Two clocks followed over a recording: a line from stretch to stretch, where one line would not do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import Times
from heraldlink.tags.clock_fit import fit_pairs
from heraldlink.tags.clock_pairs import ClockOffset

Real = NDArray[np.float64]

MARGIN = 4
"""Window of a stretch: this many jitters and standard errors of the prediction."""

FEWEST_CLICKS = 20


@dataclass(frozen=True, eq=False, slots=True)
class ClockTrack:
    """The second clock against the first one, stretch by stretch.

    ``at_ps``: int64[n], times of the first clock. ``offset_ps``, ``sigma_ps``: float64[n], second clock -
    first clock there and its standard error; ``drift``: float64[n]. ``lost``: (begin, end) of stretches, in
    times of the first clock, in which too few related pairs were found; offsets there are interpolated.
    """

    at_ps: Times
    offset_ps: Real
    sigma_ps: Real
    drift: Real
    lost: tuple[tuple[int, int], ...]

    def first_ps(self, second_ps: Times) -> Times:
        """What the first clock shows when the second one shows ``second_ps``, rounded, int64[n].

        Offsets are interpolated between stretches; before the first and behind the last their drift goes on.
        """
        second = self.at_ps + self.offset_ps
        base = round(float(self.offset_ps[0]))
        excess = np.interp(second_ps, second, self.offset_ps - base)
        for place, side in ((0, second_ps < second[0]), (-1, second_ps > second[-1])):
            excess[side] += self.drift[place] * (second_ps[side] - second[place])
        return second_ps - base - np.rint(excess).astype(np.int64)


def clock_track(first_ps: Times, second_ps: Times, start: ClockOffset, stretch_ps: int) -> ClockTrack:
    """Follow the clocks from where `clock_offset` found them, to both ends of the recording.

    Each stretch of ``stretch_ps`` is searched where the nearest known ones predict it. Between two stretches
    the drift may change by about jitter / stretch, no more; a drift that grows by w per second displaces the
    offset by w stretch^2 / 24. Raises RequestError for an empty stretch,
    DataError if no stretch has enough pairs.
    """
    if stretch_ps <= 0:
        raise RequestError(f"stretches of {stretch_ps} ps: they must be longer than 0")
    later, lost_later = _followed(first_ps, second_ps, start, stretch_ps, 1)
    earlier, lost_earlier = _followed(first_ps, second_ps, start, stretch_ps, -1)
    found = [*reversed(earlier), *later]
    if not found:
        raise DataError(f"no stretch of {stretch_ps} ps has enough related pairs; take longer ones")
    return ClockTrack(
        np.array([item.at_ps for item in found], dtype=np.int64),
        np.array([item.offset_ps.value for item in found]),
        np.array([item.offset_ps.sigma for item in found]),
        np.array([item.drift.value for item in found]),
        tuple(sorted(lost_earlier + lost_later)),
    )


def _followed(
    first: Times, second: Times, start: ClockOffset, stretch_ps: int, sign: int
) -> tuple[list[ClockOffset], list[tuple[int, int]]]:
    """Stretches away from the start, forwards or backwards, as long as half of one is covered."""
    here, found, lost = start, list[ClockOffset](), list[tuple[int, int]]()
    begin = start.at_ps if sign > 0 else start.at_ps - stretch_ps
    while first.size and first[0] <= begin + stretch_ps // 2 <= first[-1]:
        low, high = np.searchsorted(first, [begin, begin + stretch_ps])
        try:
            here = _next(first[low:high], second, here)
            found.append(here)
        except DataError:
            lost.append((begin, begin + stretch_ps))
        begin += sign * stretch_ps
    return found, lost


def _next(first: Times, second: Times, known: ClockOffset) -> ClockOffset:
    """Fit one stretch near its prediction. Raises DataError if there is little to fit."""
    if first.size < FEWEST_CLICKS:
        raise DataError("too few clicks")
    middle = int(first[first.size // 2])
    away = abs(middle - known.at_ps)
    width = known.jitter_ps + MARGIN * float(np.hypot(known.offset_ps.sigma, known.drift.sigma * away))
    found = fit_pairs(first, second, known.line.seen_from(middle), width, known.significance)
    floor = 2 * MARGIN * found.jitter_ps * _pairs_per_ps(first, second)
    if found.pairs < max(FEWEST_CLICKS, MARGIN * np.sqrt(floor)) or found.jitter_ps > 3 * known.jitter_ps + 1:
        raise DataError("no related pairs stand out")
    return found


def _pairs_per_ps(first: Times, second: Times) -> float:
    """Unrelated pairs per picosecond of delay."""
    low, high = np.searchsorted(second, [first[0], first[-1]])
    return float(first.size * (high - low) / max(1, int(first[-1] - first[0])))
