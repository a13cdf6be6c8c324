# SPDX-License-Identifier: Apache-2.0
"""Clicks after reference events, put in order: within an event by time, and where markers come late."""

from __future__ import annotations

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
        self, after_ps: Times, index: Times, channel: Channels, gaps: tuple[Gap, ...] = ()
    ) -> IndexedBlock:
        """Take clicks as stored, give those that no later one can precede.

        Raises DataError for an index that steps back too far; what came before it is in `finish`.
        """
        self._gaps += gaps
        if index.size and self._ascends(after_ps, index):
            self._take(after_ps, index, channel, int(index[-1]), ascends=True)
        elif index.size:
            self._sort_in(after_ps, index, channel)
        return self._before(self._highest - self._window)

    def finish(self) -> IndexedBlock:
        """The clicks still held back."""
        return self._before(END_PS)

    def _ascends(self, after_ps: Times, index: Times) -> bool:
        """Whether nothing is to be sorted (the usual case)."""
        first, held = (int(index[0]), int(after_ps[0])), self._index.size - 1
        if first < self._last or (held >= 0 and first < (int(self._index[held]), int(self._after[held]))):
            return False
        return not _earlier(after_ps, index).any()

    def _sort_in(self, after_ps: Times, index: Times, channel: Channels) -> None:
        highest = np.maximum(np.maximum.accumulate(index), self._highest)
        bad = np.flatnonzero(highest - index > self._window)
        good = int(bad[0]) if bad.size else index.size
        if good:
            before = np.concatenate(([self._last[1]], after_ps)), np.concatenate(([self._last[0]], index))
            self.steps_back += int(np.count_nonzero(_earlier(before[0][: good + 1], before[1][: good + 1])))
            self._take(after_ps[:good], index[:good], channel[:good], int(highest[good - 1]), ascends=False)
        if bad.size:
            raise DataError(
                f"damaged: click {self._read} is of reference event {int(index[good])}, after one of"
                f" {int(highest[good])}"
            )

    def _take(self, after_ps: Times, index: Times, channel: Channels, highest: int, ascends: bool) -> None:
        self._read += index.size
        self._highest = highest
        self._last = int(index[-1]), int(after_ps[-1])
        if self._index.size:
            after_ps, index = np.concatenate((self._after, after_ps)), np.concatenate((self._index, index))
            channel = np.concatenate((self._channel, channel))
        if not ascends:
            order = _order(after_ps, index)
            after_ps, index, channel = after_ps[order], index[order], channel[order]
        self._after, self._index, self._channel = after_ps, index, channel

    def _before(self, until: int) -> IndexedBlock:
        ready = int(np.searchsorted(self._index, until))
        gaps = tuple(gap for gap in self._gaps if gap.end_ps <= until)
        self._gaps = self._gaps[len(gaps) :]
        block = IndexedBlock(self._after[:ready], self._index[:ready], self._channel[:ready], until, gaps)
        self._after, self._index = self._after[ready:], self._index[ready:]
        self._channel = self._channel[ready:]
        return block


def _earlier(after_ps: Times, index: Times) -> NDArray[np.bool_]:
    """Which clicks stand before the click they follow."""
    same = index[1:] == index[:-1]
    return np.asarray((index[1:] < index[:-1]) | (same & (after_ps[1:] < after_ps[:-1])))


def _order(after_ps: Times, index: Times) -> NDArray[np.intp]:
    """Stable order by (index, after_ps); one key is sorted faster than two, where it fits 64 bits."""
    begin, span = int(after_ps.min()), int(after_ps.max()) - int(after_ps.min()) + 1
    if (int(index.max()) - int(index.min()) + 1) * span >= 1 << 63:
        return np.lexsort((after_ps, index))
    return np.argsort((index - index.min()) * span + (after_ps - begin), kind="stable")
