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
        highest = np.maximum(np.maximum.accumulate(index), self._highest)
        bad = np.flatnonzero(highest - index > self._window)
        good = int(bad[0]) if bad.size else index.size
        if good:
            self._highest = int(highest[good - 1])
            self._count(after_ps[:good], index[:good])
            self._hold(after_ps[:good], index[:good], channel[:good])
        if bad.size:
            raise DataError(
                f"damaged: click {self._read + good} is of reference event {int(index[good])}, after one of"
                f" {int(highest[good])}"
            )
        self._read += good
        return self._before(self._highest - self._window)

    def finish(self) -> IndexedBlock:
        """The clicks still held back."""
        return self._before(END_PS)

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
    steps = np.diff(index)
    return np.asarray((steps < 0) | ((steps == 0) & (np.diff(after_ps) < 0)))
