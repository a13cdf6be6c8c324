# SPDX-License-Identifier: Apache-2.0
"""Which clicks of two channels can still pair with later ones: what pair analyses carry over block ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.tags.block import END_PS, Block, IndexedBlock, Times
from heraldlink.tags.passes import as_times, clicks, decided_ps, live_parts

NONE: Times = np.empty(0, dtype=np.int64)

LONGEST_PS = 10**15
"""Longest delay between two clicks of a pair: clicks wait that long for a partner, in memory."""


@dataclass(frozen=True, eq=False, slots=True)
class New:
    """Clicks to pair: ``first`` with ``second``; ``itself``: how many clicks would pair with themselves."""

    first: Times
    second: Times
    itself: int = 0


class PairCarry:
    """Divides the pairs begin <= t_second - t_first < end of a stream into those of each block.

    A pair belongs to the block of its later click. Pairs across a gap do not count, nor does a click with
    itself where both channels are one (two clicks at the same time are two pairs: each with the other).
    """

    def __init__(self, first: int, second: int, begin_ps: int, end_ps: int) -> None:
        if not -LONGEST_PS <= begin_ps < end_ps <= LONGEST_PS:
            raise RequestError(
                f"delays of {begin_ps}..{end_ps} ps: begin must lie before end, within {LONGEST_PS} ps"
            )
        self.first, self.second = first, second
        self._begin_ps, self._end_ps = begin_ps, end_ps
        self._kept_first = self._kept_second = NONE
        self.counts = [0, 0]
        """Clicks of the first and the second channel so far."""

    @property
    def partners(self) -> int:
        """Clicks of the second channel that each of the first one could pair with."""
        return max(0, self.counts[1] - (self.first == self.second))

    def push(self, block: Block | IndexedBlock) -> Iterator[New]:
        """Take the next block; the clicks whose pairs are new with it, in parts."""
        for after_gap, part in live_parts(as_times(block)):
            if after_gap:
                self._kept_first = self._kept_second = NONE
            yield from self._pairs(part)

    def _pairs(self, part: Block) -> Iterator[New]:
        first = clicks(part, self.first)
        second = first if self.second == self.first else clicks(part, self.second)
        self.counts[0] += first.size
        self.counts[1] += second.size
        itself = first.size if self.first == self.second and self._begin_ps <= 0 < self._end_ps else 0
        if self._kept_first.size and second.size:
            yield New(self._kept_first, second)
        self._kept_second = np.concatenate((self._kept_second, second))
        if first.size and self._kept_second.size:
            yield New(first, self._kept_second, itself)
        self._forget(np.concatenate((self._kept_first, first)), decided_ps(part))

    def _forget(self, first: Times, until_ps: int) -> None:
        """Keep the first clicks with t + end > until, and the second ones with t - begin >= until."""
        limit = min(until_ps, END_PS - LONGEST_PS)
        second = self._kept_second
        self._kept_first = first[np.searchsorted(first, limit - self._end_ps, side="right") :]
        self._kept_second = second[np.searchsorted(second, limit + self._begin_ps) :]
