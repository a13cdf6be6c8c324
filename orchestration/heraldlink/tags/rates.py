# SPDX-License-Identifier: Apache-2.0
"""Rates of each channel over time, in bins of equal length; gaps count as time without listening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import RequestError
from heraldlink.tags.block import Block, IndexedBlock, Times
from heraldlink.tags.live_time import LiveTime
from heraldlink.tags.passes import as_times, clicks, present

Real = NDArray[np.float64]

MOST_BINS = 10_000_000
"""Longest table of rates, over all channels."""


@dataclass(frozen=True, eq=False, slots=True)
class RateTable:
    """Clicks of ``channels`` over time.

    ``edges_ps``: int64[n + 1], bins [lo, hi), from the bin of the first tag to that of the last one.
    ``clicks``: int64[channels, n]. ``live_ps``: int64[n], time without gaps in each bin.
    """

    edges_ps: Times
    channels: tuple[int, ...]
    clicks: NDArray[np.int64]
    live_ps: Times

    @property
    def rate(self) -> Real:
        """Clicks per second of live time, float64[channels, n]; nan where there was none."""
        return self._per_second(self.clicks.astype(np.float64))

    @property
    def sigma(self) -> Real:
        """Poisson error of the rate (of one click where there is none), float64[channels, n]."""
        return self._per_second(np.sqrt(np.maximum(self.clicks, 1)))

    def _per_second(self, values: Real) -> Real:
        live = np.where(self.live_ps > 0, self.live_ps * 1e-12, np.nan)
        return np.asarray(values / live, dtype=np.float64)


class Rates:
    """Analysis: clicks of each channel in bins [k bin, (k + 1) bin) of the tags' own time.

    ``channels``: which; all that occur without it. Raises RequestError (on push) if the recording takes more
    than `MOST_BINS` bins.
    """

    def __init__(self, bin_ps: int, channels: Sequence[int] | None = None) -> None:
        if bin_ps <= 0:
            raise RequestError(f"bins of {bin_ps} ps: a bin must be longer than 0")
        self._bin_ps = bin_ps
        self._wanted = None if channels is None else tuple(channels)
        self._first: int | None = None
        self._bins = 0
        self._clicks: dict[int, Times] = {channel: np.zeros(0, np.int64) for channel in self._wanted or ()}
        self._live = LiveTime()

    def push(self, block: Block | IndexedBlock) -> None:
        """Take the next block."""
        self._live.push(block)
        here = as_times(block)
        if not here.time_ps.size:
            return
        begin, end = (int(here.time_ps[place]) // self._bin_ps for place in (0, -1))
        self._first = begin if self._first is None else self._first
        self._bins = end + 1 - self._first
        found = present(here.channel)
        wanted = found if self._wanted is None else [channel for channel in found if channel in self._wanted]
        if self._bins * len({*self._clicks, *wanted}) > MOST_BINS:
            raise RequestError(
                f"rates in bins of {self._bin_ps} ps: the recording takes more than {MOST_BINS} of them;"
                f" ask for longer ones"
            )
        edges = np.arange(begin, end + 2, dtype=np.int64) * self._bin_ps
        for channel in wanted:
            self._add(channel, begin - self._first, np.diff(np.searchsorted(clicks(here, channel), edges)))

    def finish(self) -> RateTable:
        """Clicks and live time in each bin."""
        channels = tuple(sorted(self._clicks)) if self._wanted is None else self._wanted
        live, first, bins = self._live.finish(), self._first or 0, self._bins
        edges = (first + np.arange(bins + 1, dtype=np.int64)) * self._bin_ps
        rows = [_padded(self._clicks[channel], bins) for channel in channels]
        clicks = np.array(rows, dtype=np.int64).reshape(len(rows), bins)
        return RateTable(edges, channels, clicks, live.within_ps(edges))

    def _add(self, channel: int, start: int, new: Times) -> None:
        """Bins from ``start`` on: one that a block before has begun, and new ones."""
        total = _padded(self._clicks.get(channel, np.zeros(0, np.int64)), start + new.size)
        total[start:] += new
        self._clicks[channel] = total


def _padded(counts: Times, size: int) -> Times:
    return np.concatenate((counts, np.zeros(max(0, size - counts.size), np.int64)))
