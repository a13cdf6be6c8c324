# SPDX-License-Identifier: Apache-2.0
"""When a recording was listening: from its first to its last tag, without the gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import RequestError
from heraldlink.tags.block import Block, Gap, IndexedBlock, Times
from heraldlink.tags.passes import as_times


@dataclass(frozen=True, eq=False, slots=True)
class Live:
    """Intervals ``begin_ps`` <= t < ``end_ps`` without gaps, int64[n] each, in order."""

    begin_ps: Times
    end_ps: Times

    @property
    def total_ps(self) -> int:
        """Time without gaps."""
        return int((self.end_ps - self.begin_ps).sum())

    def overlap_ps(self, delay_ps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Time in which a click and its partner at + delay both fall into one interval, float64[n]."""
        length = np.sort((self.end_ps - self.begin_ps).astype(np.float64))
        longer = np.concatenate((np.cumsum(length[::-1])[::-1], [0.0]))
        delay = np.abs(delay_ps)
        place = np.searchsorted(length, delay)
        return np.asarray(longer[place] - delay * (length.size - place), dtype=np.float64)

    def within_ps(self, edges_ps: Times) -> NDArray[np.int64]:
        """Live time in each of the bins between ascending edges, int64[n - 1]."""
        done = np.concatenate(([0], np.cumsum(self.end_ps - self.begin_ps)))
        place = np.searchsorted(self.begin_ps, edges_ps, side="right")
        last = np.maximum(place - 1, 0)
        inside = (
            np.minimum(edges_ps, self.end_ps[last]) - self.begin_ps[last]
            if self.end_ps.size
            else edges_ps * 0
        )
        return np.diff(np.where(place > 0, done[last] + inside, 0))


class LiveTime:
    """Analysis: when the stream was listening.

    ``begin_ps``, ``end_ps``: known limits of the recording; without them the first and the last tag of any
    channel are taken, which leaves out about the time between two tags.
    """

    def __init__(self, begin_ps: int | None = None, end_ps: int | None = None) -> None:
        if begin_ps is not None and end_ps is not None and end_ps <= begin_ps:
            raise RequestError(f"a recording from {begin_ps} to {end_ps} ps ends before it begins")
        self._begin_ps, self._end_ps = begin_ps, end_ps
        self._first: int | None = None
        self._last = 0
        self._gaps: list[Gap] = []

    def push(self, block: Block | IndexedBlock) -> None:
        """Take the next block."""
        times = as_times(block).time_ps
        self._gaps.extend(block.gaps)
        if times.size:
            self._first = int(times[0]) if self._first is None else self._first
            self._last = int(times[-1])

    def finish(self) -> Live:
        """The intervals; none without tags or limits."""
        begin = self._begin_ps if self._begin_ps is not None else self._first
        end = self._end_ps if self._end_ps is not None else self._last
        if begin is None:
            return Live(np.empty(0, np.int64), np.empty(0, np.int64))
        starts = np.array([begin, *(gap.end_ps for gap in self._gaps)], dtype=np.int64)
        stops = np.array([*(gap.begin_ps for gap in self._gaps), end], dtype=np.int64)
        starts, stops = np.maximum(starts, begin), np.minimum(stops, end)
        kept = stops > starts
        return Live(starts[kept], stops[kept])
