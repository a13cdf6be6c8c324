# SPDX-License-Identifier: Apache-2.0
"""Clicks after reference events, put in order: within an event by time, and where markers come late."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import DataError
from heraldlink.tags.block import END_PS, Channels, Gap, IndexedBlock, Times

TOLERANCE_PS = 200_000
"""How far back a click may step, as time between reference events."""


class ByIndex:
    """Sorts (index, after_ps), equal ones as stored; ``steps_back``: clicks that stand before the last.

    With several pulses per reference event the clicks of one event are not in order of time, and records of
    markers come late by design: clicks are held back until no earlier one may follow.
    """

    def __init__(self, period_ps: float | None = None) -> None:
        self._window = int(TOLERANCE_PS // period_ps) if period_ps else 0
        self._after: Times = np.empty(0, np.int64)
        self._index: Times = np.empty(0, np.int64)
        self._channel: Channels = np.empty(0, np.int16)
        self._gaps: tuple[Gap, ...] = ()
        self._read = 0
        self._highest = 0
        self._last = (0, 0)
        self.steps_back = 0

    def push(
        self, after_ps: Times, index: Times, channel: Channels, gaps: tuple[Gap, ...], size: int
    ) -> Iterator[IndexedBlock]:
        """Blocks of at most ``size``, decided now. Raises DataError if an index steps back too far."""
        self._gaps += gaps
        if index.size:
            self._check(index)
            self._count(after_ps, index)
            self._hold(after_ps, index, channel)
        yield from self._cut(self._highest - self._window, size)

    def _count(self, after_ps: Times, index: Times) -> None:
        after_ps = np.concatenate(([self._last[0]], after_ps))
        index = np.concatenate(([self._last[1]], index))
        self.steps_back += int(np.count_nonzero(_earlier(after_ps, index)))
        self._last = int(after_ps[-1]), int(index[-1])

    def _hold(self, after_ps: Times, index: Times, channel: Channels) -> None:
        if self._index.size:
            after_ps, index = np.concatenate((self._after, after_ps)), np.concatenate((self._index, index))
            channel = np.concatenate((self._channel, channel))
        if _earlier(after_ps, index).any():
            order = np.lexsort((after_ps, index))
            after_ps, index, channel = after_ps[order], index[order], channel[order]
        self._after, self._index, self._channel = after_ps, index, channel

    def finish(self, size: int) -> Iterator[IndexedBlock]:
        """The clicks still held back."""
        yield from self._cut(END_PS, size)

    def _check(self, index: Times) -> None:
        highest = np.maximum(np.maximum.accumulate(index), self._highest)
        back = highest - index
        if back.max() > self._window:
            at = int(np.flatnonzero(back > self._window)[0])
            raise DataError(
                f"damaged: click {self._read + at} steps back by {int(back[at])} reference events,"
                f" from {int(highest[at])}"
            )
        self._highest = int(highest[-1])
        self._read += index.size

    def _cut(self, until: int, size: int) -> Iterator[IndexedBlock]:
        ready = int(np.searchsorted(self._index, until))
        gaps = tuple(gap for gap in self._gaps if gap.end_ps <= until)
        self._gaps = self._gaps[len(gaps) :]
        if not ready and not gaps and until != END_PS:
            return
        begin = 0
        while ready - begin > size:
            yield self._block(begin, begin + size, int(self._index[begin + size]))
            begin += size
        yield self._block(begin, ready, until, gaps)
        self._after, self._index = self._after[ready:], self._index[ready:]
        self._channel = self._channel[ready:]

    def _block(self, begin: int, end: int, until: int, gaps: tuple[Gap, ...] = ()) -> IndexedBlock:
        here = slice(begin, end)
        return IndexedBlock(self._after[here], self._index[here], self._channel[here], until, gaps)


def _earlier(after_ps: Times, index: Times) -> NDArray[np.bool_]:
    """Which clicks stand before the click they follow."""
    steps = np.diff(index)
    return np.asarray((steps < 0) | ((steps == 0) & (np.diff(after_ps) < 0)))
