# SPDX-License-Identifier: Apache-2.0
"""Pairs of clicks in numpy: all of them in half-open windows, or one partner each.

Times are int64 ps, sorted; equal times are different clicks. `PairEngine` is what an engine offers; this
module is one (`engine_compiled` another, with identical results).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import RequestError

Times = NDArray[np.int64]
Channels = NDArray[np.int16]

PAIRS_AT_ONCE = 1 << 20
MOST_BINS = 10_000_000

FEW = 1.5
"""Tags within reach up to which neighbours are looked at one after another."""


class PairEngine(Protocol):
    """Kernels over two sorted streams of clicks."""

    def count_pairs(self, first_ps: Times, second_ps: Times, begin_ps: int, end_ps: int) -> int:
        """Number of pairs with begin <= second - first < end."""
        ...

    def histogram(self, first_ps: Times, second_ps: Times, begin_ps: int, end_ps: int, bin_ps: int) -> Times:
        """Pairs by second - first in bins [begin + k bin, begin + (k + 1) bin), int64[n]."""
        ...

    def count_in_stream(
        self, time_ps: Times, channel: Channels, first: int, second: int, begin_ps: int, end_ps: int
    ) -> int:
        """The same number for two channels of a stream; of one with itself, pairs of different clicks."""
        ...

    def histogram_in_stream(
        self,
        time_ps: Times,
        channel: Channels,
        first: int,
        second: int,
        begin_ps: int,
        end_ps: int,
        bin_ps: int,
    ) -> Times:
        """The same histogram for two channels of a stream; of one with itself, pairs of different clicks."""
        ...

    def match_pairs(self, first_ps: Times, second_ps: Times, within_ps: int) -> tuple[Times, Times]:
        """Places (in first, in second) of pairs with |second - first| <= within, each click at most once.

        Rule: in order of time, the earliest clicks of both channels that are free and within reach pair; no
        other rule finds more pairs.
        """
        ...


def count_pairs(first_ps: Times, second_ps: Times, begin_ps: int, end_ps: int) -> int:
    """Number of pairs with begin <= second - first < end."""
    low = np.searchsorted(second_ps, first_ps + begin_ps, side="left")
    high = np.searchsorted(second_ps, first_ps + end_ps, side="left")
    return int((high - low).sum())


def histogram(first_ps: Times, second_ps: Times, begin_ps: int, end_ps: int, bin_ps: int) -> Times:
    """Pairs by second - first in bins [begin + k bin, begin + (k + 1) bin), int64[n]; n fill the window."""
    bins = whole_bins(begin_ps, end_ps, bin_ps)
    total = np.zeros(bins, dtype=np.int64)
    for block in differences(first_ps, second_ps, begin_ps, end_ps):
        total += np.bincount((block - begin_ps) // bin_ps, minlength=bins)
    return total


def count_in_stream(
    time_ps: Times, channel: Channels, first: int, second: int, begin_ps: int, end_ps: int
) -> int:
    """The same number for two channels of a stream; of one with itself, pairs of different clicks."""
    if few_in_reach(time_ps, begin_ps, end_ps, FEW):
        near = _neighbours(time_ps, channel, first, second, begin_ps, end_ps)
        return sum(int(np.count_nonzero((begin_ps <= delay) & (delay < end_ps))) for delay in near)
    a, b = _both(time_ps, channel, first, second)
    itself = a.size if first == second and begin_ps <= 0 < end_ps else 0
    return count_pairs(a, b, begin_ps, end_ps) - itself


def histogram_in_stream(
    time_ps: Times, channel: Channels, first: int, second: int, begin_ps: int, end_ps: int, bin_ps: int
) -> Times:
    """The same histogram for two channels of a stream; of one with itself, pairs of different clicks."""
    if few_in_reach(time_ps, begin_ps, end_ps, FEW):
        total = np.zeros(whole_bins(begin_ps, end_ps, bin_ps), dtype=np.int64)
        for delay in _neighbours(time_ps, channel, first, second, begin_ps, end_ps):
            inside = delay[(begin_ps <= delay) & (delay < end_ps)]
            total += np.bincount((inside - begin_ps) // bin_ps, minlength=total.size)
        return total
    a, b = _both(time_ps, channel, first, second)
    pairs = histogram(a, b, begin_ps, end_ps, bin_ps)
    if first == second and begin_ps <= 0 < end_ps:
        pairs[-begin_ps // bin_ps] -= a.size
    return pairs


def match_pairs(first_ps: Times, second_ps: Times, within_ps: int) -> tuple[Times, Times]:
    """Places (in first, in second) of pairs with |second - first| <= within, each click at most once.

    Clicks that nothing else reaches pair at once; what is left - chains of clicks that reach one another -
    is walked through in order of time.
    """
    low = np.searchsorted(second_ps, first_ps - within_ps, side="left")
    high = np.searchsorted(second_ps, first_ps + within_ps, side="right")
    places = second_ps.size + 1
    by = np.cumsum(np.bincount(low, minlength=places) - np.bincount(high, minlength=places))[:-1]
    single = np.flatnonzero(high - low == 1)
    single = single[by[low[single]] == 1]
    rest = np.ones(first_ps.size, dtype=np.bool_)
    rest[single] = False
    rest &= high > low
    chained = by > 0
    chained[low[single]] = False
    a, b = np.flatnonzero(rest), np.flatnonzero(chained)
    i, j = _walk(first_ps[a].tolist(), second_ps[b].tolist(), within_ps)
    first = np.concatenate((single, a[i]))
    order = np.argsort(first)
    return first[order], np.concatenate((low[single], b[j]))[order]


def differences(first_ps: Times, second_ps: Times, begin_ps: int, end_ps: int) -> Iterator[Times]:
    """second - first of all pairs in [begin, end), in blocks of bounded size."""
    low = np.searchsorted(second_ps, first_ps + begin_ps, side="left")
    count = np.searchsorted(second_ps, first_ps + end_ps, side="left") - low
    cumulative = np.cumsum(count)
    start = 0
    while start < first_ps.size:
        done = int(cumulative[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(cumulative, done + PAIRS_AT_ONCE, side="right")))
        here = count[start:stop]
        within = np.arange(int(here.sum())) - np.repeat(np.cumsum(here) - here, here)
        yield second_ps[np.repeat(low[start:stop], here) + within] - np.repeat(first_ps[start:stop], here)
        start = stop


def whole_bins(begin_ps: int, end_ps: int, bin_ps: int) -> int:
    """How many bins fill a window. Raises RequestError unless they fill it exactly, and for too many."""
    if bin_ps <= 0 or end_ps <= begin_ps or (end_ps - begin_ps) % bin_ps:
        raise RequestError(f"a window of {begin_ps}..{end_ps} ps does not hold whole bins of {bin_ps} ps")
    if (end_ps - begin_ps) // bin_ps > MOST_BINS:
        raise RequestError(
            f"a window of {begin_ps}..{end_ps} ps in bins of {bin_ps} ps: more than {MOST_BINS} of them; take"
            f" wider bins or a narrower window"
        )
    return (end_ps - begin_ps) // bin_ps


def few_in_reach(time_ps: Times, begin_ps: int, end_ps: int, few: float) -> bool:
    """Whether no more than ``few`` tags are within reach behind one, on average."""
    if not time_ps.size:
        return True
    duration_ps = int(time_ps[-1]) - int(time_ps[0]) + 1
    return time_ps.size * max(end_ps - 1, -begin_ps, 0) <= few * duration_ps


def _neighbours(
    time_ps: Times, channel: Channels, first: int, second: int, begin_ps: int, end_ps: int
) -> Iterator[Times]:
    """t_second - t_first of clicks within reach, from each tag to the next, to the second next, ..."""
    reach_ps, step = max(end_ps - 1, -begin_ps, 0), 1
    near = np.flatnonzero(time_ps[1:] - time_ps[:-1] <= reach_ps)
    while near.size:
        delay = time_ps[near + step] - time_ps[near]
        within = delay <= reach_ps
        near, delay = near[within], delay[within]
        one, other = channel[near], channel[near + step]
        yield delay[(one == first) & (other == second)]
        yield -delay[(one == second) & (other == first)]
        step += 1
        near = near[: np.searchsorted(near, time_ps.size - step)]


def _both(time_ps: Times, channel: Channels, first: int, second: int) -> tuple[Times, Times]:
    a = time_ps.take(np.flatnonzero(channel == first))
    return a, a if second == first else time_ps.take(np.flatnonzero(channel == second))


def _walk(first: list[int], second: list[int], within_ps: int) -> tuple[list[int], list[int]]:
    i = j = 0
    left: list[int] = []
    right: list[int] = []
    while i < len(first) and j < len(second):
        if second[j] < first[i] - within_ps:
            j += 1
        elif second[j] > first[i] + within_ps:
            i += 1
        else:
            left.append(i)
            right.append(j)
            i, j = i + 1, j + 1
    return left, right
