# SPDX-License-Identifier: Apache-2.0
"""Which clicks of two channels can still pair with later ones: what pair analyses carry over block ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import END_PS, Block, IndexedBlock, Times
from heraldlink.tags.passes import as_times, clicks, decided_ps, live_parts

NONE: Times = np.empty(0, dtype=np.int64)

LONGEST_PS = 10**15
"""Longest delay between two clicks of a pair: clicks wait that long for a partner, in memory."""


@dataclass(frozen=True, eq=False, slots=True)
class New:
    """Tags whose pairs with one another are new, and clicks ``across`` to pair: (first, second channel)."""

    part: Block
    across: tuple[tuple[Times, Times], ...]


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
        """Take the next block; what is new with it, in parts. Raises as `within_reach`."""
        for after_gap, part in live_parts(within_reach(block, self._begin_ps, self._end_ps)):
            if after_gap:
                self._kept_first = self._kept_second = NONE
            for place, channel in enumerate((self.first, self.second)):
                self.counts[place] += int(np.count_nonzero(part.channel == channel))
            yield New(part, tuple(self._across(part)))
            self._keep(part)

    def _across(self, part: Block) -> Iterator[tuple[Times, Times]]:
        """Clicks of the blocks before, and those of this one that they reach."""
        first, second = self._kept_first, self._kept_second
        if first.size:
            reached = _between(part, self.second, first[0] + self._begin_ps, first[-1] + self._end_ps)
            yield first, reached
        if second.size:
            reached = _between(part, self.first, second[0] - self._end_ps, second[-1] - self._begin_ps + 1)
            yield reached, second

    def _keep(self, part: Block) -> None:
        """Keep the first clicks with t + end > until, and the second ones with t - begin >= until."""
        limit = min(decided_ps(part), END_PS - LONGEST_PS)
        self._kept_first = _latest(self._kept_first, part, self.first, limit - self._end_ps + 1)
        self._kept_second = _latest(self._kept_second, part, self.second, limit + self._begin_ps)


def within_reach(block: Block | IndexedBlock, begin_ps: int, end_ps: int) -> Block:
    """The block, if clicks within reach of its tags are still times below 2^63 ps.

    Raises DataError if not (the pairs would be missed), RequestError for tags after reference events.
    """
    times, reach_ps = as_times(block), max(abs(begin_ps), abs(end_ps))
    latest_ps = int(times.time_ps[-1]) if times.time_ps.size else 0
    if latest_ps > END_PS - reach_ps:
        raise DataError(
            f"a tag at {latest_ps} ps, less than the {reach_ps} ps of a pair before the latest time there is:"
            " subtract an offset from all times first"
        )
    return times


def _between(part: Block, channel: int, begin_ps: int, end_ps: int) -> Times:
    """Clicks of a channel with begin <= t < end."""
    here = slice(*np.searchsorted(part.time_ps, (begin_ps, end_ps)))
    return clicks(Block(part.time_ps[here], part.channel[here], part.until_ps), channel)


def _latest(kept: Times, part: Block, channel: int, from_ps: int) -> Times:
    """Clicks of a channel from a time on, the kept ones and those of the part."""
    kept = kept[np.searchsorted(kept, from_ps) :]
    return np.concatenate((kept, _between(part, channel, from_ps, END_PS)))
