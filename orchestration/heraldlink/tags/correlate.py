# SPDX-License-Identifier: Apache-2.0
"""Pairs of clicks: all pairs are counted, windows are half open [begin, end). Times are sorted int64 ps."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import RequestError

Times = NDArray[np.int64]

PAIRS_AT_ONCE = 1 << 20


def count_pairs(first_ps: Times, second_ps: Times, begin_ps: int, end_ps: int) -> int:
    """Number of pairs with begin <= second - first < end."""
    low = np.searchsorted(second_ps, first_ps + begin_ps, side="left")
    high = np.searchsorted(second_ps, first_ps + end_ps, side="left")
    return int((high - low).sum())


def coincidences(first_ps: Times, second_ps: Times, within_ps: int) -> int:
    """Number of pairs with |second - first| <= within."""
    return count_pairs(first_ps, second_ps, -within_ps, within_ps + 1)


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


def histogram(first_ps: Times, second_ps: Times, begin_ps: int, end_ps: int, bin_ps: int) -> Times:
    """Pairs by second - first in bins [begin + k bin, begin + (k + 1) bin), int64[n]; n fill the window."""
    if bin_ps <= 0 or end_ps <= begin_ps or (end_ps - begin_ps) % bin_ps:
        raise RequestError(f"a window of {begin_ps}..{end_ps} ps does not hold whole bins of {bin_ps} ps")
    bins = (end_ps - begin_ps) // bin_ps
    total = np.zeros(bins, dtype=np.int64)
    for block in differences(first_ps, second_ps, begin_ps, end_ps):
        total += np.bincount((block - begin_ps) // bin_ps, minlength=bins)
    return total


def common_attempts(first: Times, second: Times, lag: int = 0) -> int:
    """Attempts n in which the first channel clicked in n and the second one in n + lag, each counted once."""
    return int(np.intersect1d(np.unique(first) + lag, np.unique(second), assume_unique=True).size)
