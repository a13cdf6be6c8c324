# SPDX-License-Identifier: Apache-2.0
"""Pairs of clicks with compiled kernels: the results of `engine_numpy`, sooner. Needs numba.

Where few tags lie within reach of one another, pairs of a stream are found by walking back from each tag,
which reads both channels in one go; else the channels are taken apart and walked along together.
"""

from __future__ import annotations

import numpy as np

from heraldlink.tags.compiled import compiled, frozen
from heraldlink.tags.engine_numpy import Channels, Times, few_in_reach, whole_bins

FEW = 0.5
"""Tags within reach up to which walking back is faster."""


def count_pairs(first_ps: Times, second_ps: Times, begin_ps: int, end_ps: int) -> int:
    """See `PairEngine`."""
    return _count(frozen(first_ps), frozen(second_ps), begin_ps, end_ps)


def histogram(first_ps: Times, second_ps: Times, begin_ps: int, end_ps: int, bin_ps: int) -> Times:
    """See `PairEngine`."""
    total = np.zeros(whole_bins(begin_ps, end_ps, bin_ps), dtype=np.int64)
    _add(frozen(first_ps), frozen(second_ps), begin_ps, end_ps, bin_ps, total)
    return total


def count_in_stream(
    time_ps: Times, channel: Channels, first: int, second: int, begin_ps: int, end_ps: int
) -> int:
    """See `PairEngine`."""
    time_ps, channel = frozen(time_ps), frozen(channel)
    if few_in_reach(time_ps, begin_ps, end_ps, FEW):
        return _count_back(time_ps, channel, first, second, begin_ps, end_ps)
    itself = first == second and begin_ps <= 0 < end_ps
    a, b = _apart(time_ps, channel, first, second)
    return _count(frozen(a), frozen(b), begin_ps, end_ps) - (a.size if itself else 0)


def histogram_in_stream(
    time_ps: Times, channel: Channels, first: int, second: int, begin_ps: int, end_ps: int, bin_ps: int
) -> Times:
    """See `PairEngine`."""
    total = np.zeros(whole_bins(begin_ps, end_ps, bin_ps), dtype=np.int64)
    time_ps, channel = frozen(time_ps), frozen(channel)
    if few_in_reach(time_ps, begin_ps, end_ps, FEW):
        _add_back(time_ps, channel, first, second, begin_ps, end_ps, bin_ps, total)
        return total
    a, b = _apart(time_ps, channel, first, second)
    _add(frozen(a), frozen(b), begin_ps, end_ps, bin_ps, total)
    if first == second and begin_ps <= 0 < end_ps:
        total[-begin_ps // bin_ps] -= a.size
    return total


def match_pairs(first_ps: Times, second_ps: Times, within_ps: int) -> tuple[Times, Times]:
    """See `PairEngine`."""
    return _match(frozen(first_ps), frozen(second_ps), within_ps)


@compiled
def _count(first_ps: Times, second_ps: Times, begin_ps: int, end_ps: int) -> int:
    if first_ps.size == 0:
        return 0
    low = high = int(np.searchsorted(second_ps, int(first_ps[0]) + begin_ps))
    pairs = 0
    for t in first_ps:
        while low < second_ps.size and second_ps[low] < t + begin_ps:
            low += 1
        while high < second_ps.size and second_ps[high] < t + end_ps:
            high += 1
        pairs += max(high - low, 0)
    return pairs


@compiled
def _add(first_ps: Times, second_ps: Times, begin_ps: int, end_ps: int, bin_ps: int, total: Times) -> None:
    if first_ps.size == 0:
        return
    low, size, share = np.uint64(0), np.uint64(second_ps.size), 1.0 / bin_ps
    low += np.uint64(np.searchsorted(second_ps, int(first_ps[0]) + begin_ps))
    for t in first_ps:
        since_ps, until_ps = t + begin_ps, t + end_ps
        while low < size and second_ps[low] < since_ps:
            low += np.uint64(1)
        place = low
        while place < size and second_ps[place] < until_ps:
            total[_bin(second_ps[place] - since_ps, bin_ps, share)] += 1
            place += np.uint64(1)


@compiled
def _bin(delay_ps: int, bin_ps: int, share: float) -> np.uint64:
    """delay // bin, both positive and below 2 ** 52; ``share``: 1 / bin. Quicker than a division."""
    place = np.int64(delay_ps * share)
    place -= place * bin_ps > delay_ps
    place += (place + 1) * bin_ps <= delay_ps
    return np.uint64(place)


@compiled
def _count_back(
    time_ps: Times, channel: Channels, first: int, second: int, begin_ps: int, end_ps: int
) -> int:
    reach_ps, pairs = max(end_ps - 1, -begin_ps), 0
    for i in range(time_ps.size):
        t = time_ps[i]
        place = i - 1
        while place >= 0 and t - time_ps[place] <= reach_ps:
            delay = t - time_ps[place]
            one, other = channel[place], channel[i]
            pairs += (one == first) & (other == second) & (begin_ps <= delay) & (delay < end_ps)
            pairs += (other == first) & (one == second) & (begin_ps <= -delay) & (-delay < end_ps)
            place -= 1
    return pairs


@compiled
def _add_back(
    time_ps: Times,
    channel: Channels,
    first: int,
    second: int,
    begin_ps: int,
    end_ps: int,
    bin_ps: int,
    total: Times,
) -> None:
    reach_ps, share = max(end_ps - 1, -begin_ps), 1.0 / bin_ps
    for i in range(time_ps.size):
        t = time_ps[i]
        place = i - 1
        while place >= 0 and t - time_ps[place] <= reach_ps:
            delay = t - time_ps[place]
            one, other = channel[place], channel[i]
            if (one == first) & (other == second) & (begin_ps <= delay) & (delay < end_ps):
                total[_bin(delay - begin_ps, bin_ps, share)] += 1
            if (other == first) & (one == second) & (begin_ps <= -delay) & (-delay < end_ps):
                total[_bin(-delay - begin_ps, bin_ps, share)] += 1
            place -= 1


@compiled
def _apart(time_ps: Times, channel: Channels, first: int, second: int) -> tuple[Times, Times]:
    """Clicks of two channels, or of one twice."""
    a, b = np.empty(time_ps.size + 1, np.int64), np.empty(time_ps.size + 1, np.int64)
    i = j = np.uint64(0)
    for place in range(np.uint64(time_ps.size)):
        a[i] = b[j] = time_ps[place]
        i += np.uint64(channel[place] == first)
        j += np.uint64(channel[place] == second)
    return a[: np.int64(i)], b[: np.int64(j)]


@compiled
def _match(first_ps: Times, second_ps: Times, within_ps: int) -> tuple[Times, Times]:
    room = min(first_ps.size, second_ps.size)
    first, second = np.empty(room, np.int64), np.empty(room, np.int64)
    i = j = pairs = 0
    while i < first_ps.size and j < second_ps.size:
        if second_ps[j] < first_ps[i] - within_ps:
            j += 1
        elif second_ps[j] > first_ps[i] + within_ps:
            i += 1
        else:
            first[pairs], second[pairs] = i, j
            i, j, pairs = i + 1, j + 1, pairs + 1
    return first[:pairs].copy(), second[:pairs].copy()
