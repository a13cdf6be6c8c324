# SPDX-License-Identifier: Apache-2.0
"""Lines between two clocks, and the pairs of clicks near one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink.calibration.measured import Measured
from heraldlink.errors import DataError
from heraldlink.tags.block import Times

Real = NDArray[np.float64]

MOST_PAIRS = 20_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """Second clock - first clock at time t of the first one: offset + drift (t - at)."""

    at_ps: int
    offset_ps: float
    drift: float

    def seen_from(self, at_ps: int) -> Line:
        """The same line, with its offset at another time."""
        return Line(at_ps, self.offset_ps + self.drift * (at_ps - self.at_ps), self.drift)

    def second_ps(self, first_ps: Times) -> Times:
        """What the second clock shows when the first one shows ``first_ps``, rounded, int64[n]."""
        since = first_ps - self.at_ps
        base = round(self.offset_ps)
        found: Times = (
            first_ps + base + np.rint(since * self.drift + (self.offset_ps - base)).astype(np.int64)
        )
        return found


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """t' = t + offset + drift (t - at) of the second clock's t' against the first one's t.

    ``at_ps``: time of the first clock at which offset and drift are independent of one another.
    ``jitter_ps``: standard deviation of the related pairs' times. ``pairs``: how many related ones there are.
    ``significance``: of the peak over unrelated clicks, in standard deviations.
    """

    at_ps: int
    offset_ps: Measured
    drift: Measured
    jitter_ps: float
    pairs: float
    significance: float

    @property
    def line(self) -> Line:
        """The line itself."""
        return Line(self.at_ps, self.offset_ps.value, self.drift.value)

    def second_ps(self, first_ps: Times) -> Times:
        """What the second clock shows when the first one shows ``first_ps``, int64[n]."""
        return self.line.second_ps(first_ps)

    def first_ps(self, second_ps: Times) -> Times:
        """What the first clock shows when the second one shows ``second_ps``, int64[n]."""
        line = self.line
        at = line.at_ps + round(line.offset_ps)
        back = -line.drift / (1 + line.drift)
        shift = (line.offset_ps - round(line.offset_ps)) / (1 + line.drift)
        return Line(at, -round(line.offset_ps) - shift, back).second_ps(second_ps)


@dataclass(frozen=True, eq=False, slots=True)
class SharedPairs:
    """Pairs near a line: ``since_ps`` (first click - at), ``away_ps`` (second click - line), float64[n].

    All of them, up to ``within_ps`` off the line (a whole number) and half a picosecond more.
    """

    since_ps: Real
    away_ps: Real
    within_ps: int


def shared_pairs(first_ps: Times, second_ps: Times, line: Line, within_ps: float) -> SharedPairs:
    """All pairs at most ``within_ps`` off the line. Raises DataError if there are too many to look at."""
    expected = line.second_ps(first_ps)
    width = int(np.ceil(within_ps))
    low = np.searchsorted(second_ps, expected - width)
    count = np.searchsorted(second_ps, expected + width, side="right") - low
    pairs = int(count.sum())
    if pairs > MOST_PAIRS:
        raise DataError(
            f"{pairs} pairs within {width} ps of one another: too many to tell related ones apart"
        )
    place = np.arange(pairs) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)
    since = np.repeat(first_ps - line.at_ps, count)
    base = round(line.offset_ps)
    distance = second_ps[place] - np.repeat(first_ps, count) - base
    away = distance - (line.offset_ps - base) - since * line.drift
    return SharedPairs(since.astype(np.float64), np.asarray(away, dtype=np.float64), width)
